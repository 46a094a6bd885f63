using System.ComponentModel;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Privacy;

/// <summary>An erasure as the API shows it. It says how much was erased, and of whom it does not.</summary>
internal sealed record ErasureItem(
    [property: Description("TypeID, ers_ + 26 characters.")] string Id,
    [property: Description("call, caller or retention.")] string Kind,
    [property: Description("running; done: nothing is left here or at Twilio; incomplete: Twilio did not delete a recording in three days.")] string Status,
    [property: Description("How many were erased so far.")] int Calls,
    [property: Description("How many had their customer erased.")] int Appointments,
    ErasureItem.RecordingCounts Recordings,
    DateTime CreatedAt,
    [property: Description("When the last call was erased here; null while some are left.")] DateTime? FinishedAt)
{
    internal sealed record RecordingCounts(
        [property: Description("Still with Twilio.")] int Pending,
        int Deleted,
        [property: Description("Given up: delete them in Twilio's console.")] int Failed);
}

/// <summary>What is selected for an <see cref="ErasureItem"/>.</summary>
internal sealed record ErasureRow(
    Guid Id, string Kind, int Calls, int Appointments, DateTime CreatedAt, DateTime? FinishedAt, int Pending, int Deleted, int Failed)
{
    /// <summary>With @ErasureId.</summary>
    public const string Find =
        """
        select e.id, e.kind, e.calls, e.appointments, e.created_at, e.finished_at, recordings.pending, recordings.deleted, recordings.failed
        from erasures e
        cross join lateral (
            select count(*) filter (where r.status = 'pending')::integer as pending,
                   count(*) filter (where r.status = 'deleted')::integer as deleted,
                   count(*) filter (where r.status = 'failed')::integer as failed
            from erased_recordings r
            where r.tenant_id = @TenantId and r.erasure_id = e.id) as recordings
        where e.tenant_id = @TenantId and e.id = @ErasureId
        """;

    public ErasureItem Shown() => new(
        TypeId.Format(TypeId.Erasure, Id), Kind,
        FinishedAt is null || Pending > 0 ? "running" : Failed > 0 ? "incomplete" : "done",
        Calls, Appointments, new ErasureItem.RecordingCounts(Pending, Deleted, Failed), CreatedAt, FinishedAt);
}
