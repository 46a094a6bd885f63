namespace KestrelVoice.Features.Routing;

internal static class PhoneNumbers
{
    public const string E164 = @"\A\+[1-9][0-9]{1,14}\z";
}
