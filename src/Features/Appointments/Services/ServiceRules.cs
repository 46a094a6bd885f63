using FluentValidation;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Appointments.Services;

/// <summary>What a service takes, whether it is new or changed.</summary>
internal interface IServiceTimes
{
    int? LengthMinutes { get; }

    int? BufferBeforeMinutes { get; }

    int? BufferAfterMinutes { get; }

    int? StepMinutes { get; }

    IReadOnlyList<string>? ResourceIds { get; }
}

internal static class ServiceRules
{
    public static void RuleTimes<T>(this AbstractValidator<T> validator)
        where T : IServiceTimes
    {
        validator.RuleFor(times => times.LengthMinutes).InclusiveBetween(5, 1440).WithMessage("length_minutes is 5 to 1440.");
        validator.RuleFor(times => times.BufferBeforeMinutes).InclusiveBetween(0, 480).WithMessage("buffer_before_minutes is 0 to 480.");
        validator.RuleFor(times => times.BufferAfterMinutes).InclusiveBetween(0, 480).WithMessage("buffer_after_minutes is 0 to 480.");
        validator.RuleFor(times => times.StepMinutes).InclusiveBetween(5, 1440).WithMessage("step_minutes is 5 to 1440.");
        validator.RuleFor(times => times.ResourceIds)
            .Must(ids => ids is null || (ids.Count <= ScheduleRules.Most && ids.All(ScheduleRules.IsResource)))
            .WithMessage("resource_ids are ids that begin with res_, or UUIDs.");
    }
}

/// <summary>Who performs a service.</summary>
internal static class Performers
{
    private const string Replace =
        """
        delete from service_resources where tenant_id = @TenantId and service_id = @ServiceId;
        insert into service_resources (tenant_id, service_id, resource_id)
        select tenant_id, @ServiceId, id from resources where tenant_id = @TenantId and id = any (@Ids) and archived_at is null
        returning resource_id
        """;

    /// <returns>The first of them who does not exist; null when all do, and are written.</returns>
    public static async Task<string?> ReplaceAsync(
        TenantTransaction transaction, Guid serviceId, IReadOnlyList<string> resourceIds, CancellationToken cancellationToken)
    {
        var ids = resourceIds.Select(id => TypeId.Parse(TypeId.Resource, id)).Distinct().ToArray();
        var written = (await transaction.QueryAsync<Guid>(Replace, new { ServiceId = serviceId, Ids = ids }, cancellationToken)).ToHashSet();
        return resourceIds.FirstOrDefault(id => !written.Contains(TypeId.Parse(TypeId.Resource, id)));
    }
}
