using System.Text.Json.Serialization;
using KestrelVoice.Contracts;

namespace KestrelVoice.Features.Summaries.Engines;

/// <summary>What an engine is asked, as one JSON document: words of callers travel in it as values and are never part of the instructions.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "task")]
[JsonDerivedType(typeof(TakeNotes), "take_notes")]
[JsonDerivedType(typeof(Combine), "combine")]
[JsonDerivedType(typeof(Extract), "extract")]
internal abstract record Question(CallContext Call)
{
    /// <summary>Answered by <see cref="Notes"/>.</summary>
    internal sealed record TakeNotes(CallContext Call, IReadOnlyList<Said> Turns) : Question(Call);

    /// <summary>Answered by a <see cref="Combination"/>; the points are those of all notes.</summary>
    internal sealed record Combine(CallContext Call, IReadOnlyList<Said> Points) : Question(Call);

    /// <summary>Answered by <see cref="Findings"/>, each one of the candidates.</summary>
    internal sealed record Extract(CallContext Call, IReadOnlyList<Findings> Candidates) : Question(Call);
}

/// <summary>What is known of a call apart from its words.</summary>
/// <param name="Outcome">As in the call log.</param>
/// <param name="CallerNumber">E.164; null when withheld.</param>
/// <param name="Region">Where the business is, ISO 3166: how a number without a country code is read.</param>
/// <param name="Emergencies">Where the receptionist recognised one.</param>
internal sealed record CallContext(string? Outcome, string? CallerNumber, string Region, IReadOnlyList<EmergencyMark> Emergencies);

internal sealed record EmergencyMark(int Turn, string Phrase);

/// <summary>A turn, or what is left of it in a note.</summary>
internal sealed record Said(int Turn, Speaker Speaker, string Text);
