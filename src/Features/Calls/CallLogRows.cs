using System.Text.Json;
using KestrelVoice.Features.Kernel;
using Npgsql;

namespace KestrelVoice.Features.Calls;

/// <summary>Writes rows of <see cref="CallSelection"/> as the serializer writes <see cref="CallLogItem"/>. Stored words are those of the API.</summary>
internal static class CallLogRows
{
    private static readonly JsonEncodedText Id = JsonEncodedText.Encode("id");
    private static readonly JsonEncodedText PhoneNumber = JsonEncodedText.Encode("phone_number");
    private static readonly JsonEncodedText Status = JsonEncodedText.Encode("status");
    private static readonly JsonEncodedText Duration = JsonEncodedText.Encode("duration");
    private static readonly JsonEncodedText RecordingUrl = JsonEncodedText.Encode("recording_url");
    private static readonly JsonEncodedText Transcript = JsonEncodedText.Encode("transcript");
    private static readonly JsonEncodedText CreatedAt = JsonEncodedText.Encode("created_at");
    private static readonly JsonEncodedText Direction = JsonEncodedText.Encode("direction");
    private static readonly JsonEncodedText Outcome = JsonEncodedText.Encode("outcome");
    private static readonly JsonEncodedText Emergency = JsonEncodedText.Encode("emergency");

    public static ListPosition Write(JsonScratch scratch, NpgsqlDataReader reader, PublicUrl publicUrl)
    {
        var json = scratch.Json;
        var position = new ListPosition(reader.GetDateTime(6), reader.GetGuid(0));
        var id = TypeId.Format(TypeId.Call, position.Id);
        json.WriteStartObject();
        json.WriteString(Id, id);
        scratch.WriteText(PhoneNumber, reader, 1);
        scratch.WriteText(Status, reader, 2);
        json.WriteNumber(Duration, reader.GetInt32(3));
        json.WriteString(RecordingUrl, reader.GetBoolean(4) ? CallLogItem.LinkToRecording(publicUrl, id) : null);
        scratch.WriteText(Transcript, reader, 5);
        json.WriteString(CreatedAt, position.CreatedAt);
        scratch.WriteText(Direction, reader, 7);
        scratch.WriteText(Outcome, reader, 8);
        json.WriteBoolean(Emergency, reader.GetBoolean(9));
        json.WriteEndObject();
        return position;
    }
}
