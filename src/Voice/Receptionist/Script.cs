using KestrelVoice.Contracts;
using KestrelVoice.Voice.Twilio;

namespace KestrelVoice.Voice.Receptionist;

/// <summary>What the scripted receptionist says.</summary>
internal static class Script
{
    public const string RecordingNotice = "This call may be recorded.";
    public const string Safety = "If anyone is in danger, hang up now and dial 9 1 1.";

    public const string GenericGreeting =
        "Thank you for calling. Nobody can take your call right now. " + Safety +
        " Otherwise please leave your name, your number and what you need after the tone, and we will call you back.";

    public const string LostThread =
        "I am sorry, I cannot continue right now. " + Safety + " Otherwise please leave your name, your number and what you need after the tone, and we will call you back.";
    public const string AskNeed = "Please tell me what you need. For a person press 0. To leave a voicemail press 9.";
    public const string Closed =
        "We are closed right now. If this is an emergency, press 1 or say what has happened. Otherwise stay on the line to leave a message.";
    public const string AskNeedAgain =
        "Sorry, I did not hear anything. Please tell me what you need. For a person press 0. To leave a voicemail press 9.";
    public const string AskMoreAgain = "Are you still there? Is there anything else I can note down?";
    public const string AskNeedOrBook =
        "Please tell me what you need. To book an appointment press 2 or say book. For a person press 0. To leave a voicemail press 9.";
    public const string ClosedOrBook =
        "We are closed right now. If this is an emergency, press 1 or say what has happened. To book an appointment press 2 or say book. "
        + "Otherwise stay on the line to leave a message.";
    public const string AskNeedOrBookAgain = "Sorry, I did not hear anything. " + AskNeedOrBook;
    public const string UnknownKeyOrBook =
        "Sorry, that key does nothing here. Please tell me what you need, press 2 to book an appointment, 0 for a person, or 9 for voicemail.";
    public const string NothingHeard = "I still cannot hear you. Please leave your name, your number and what you need after the tone.";
    public const string UnknownKey =
        "Sorry, that key does nothing here. Please tell me what you need, press 0 for a person, or 9 for voicemail.";
    public const string Hello = "Hello! Please tell me what you need.";
    public const string GoAhead = "Please go ahead, I am listening.";
    public const string Noted = "Thank you, I have noted that for the team. Is there anything else?";
    public const string NotedToo = "I have added that. Is there anything else?";
    public const string MessageTaken = "Thank you. I have passed your message on and someone will call you back. Goodbye.";
    public const string Goodbye = "Thank you for calling. Goodbye.";
    public const string Connecting = "One moment please, I am connecting you.";
    public const string NobodyToConnect =
        "I am sorry, nobody is free to talk right now. Please leave your name, your number and what you need after the tone, and we will call you back.";
    public const string PersonDidNotAnswer =
        "I am sorry, I could not reach anybody. Please leave your name, your number and what you need after the tone, and we will call you back.";
    public const string Voicemail = "Please leave your name, your number and what you need after the tone.";
    public const string AfterHoursVoicemail =
        "Please leave your name, your number and what you need after the tone, and we will call you back when we open.";
    public const string Escalating = Safety + " I am connecting you to the person on call. Please stay on the line.";
    public const string NobodyOnCall =
        Safety + " I cannot reach the person on call. Please leave your name, your number and your address after the tone. Your message will be treated as urgent.";
    public const string OnCallDidNotAnswer =
        "The person on call did not answer. Please leave your name, your number and your address after the tone. Your message will be treated as urgent.";
    public const string VoicemailTaken = "Thank you. We have your message and will call you back. Goodbye.";
    public const string UrgentVoicemailTaken = "Thank you. Your urgent message has been passed on. Goodbye.";
    public const string NothingRecorded = "I did not hear a message. You are welcome to call again. Goodbye.";
    public const string NumberNotInService = "Sorry, this number is not in service. Please check the number and call again. Goodbye.";
    public const string BadRequest = "Sorry, something went wrong with this call. Please call again. Goodbye.";

    // One Say must stay well below the limit of the speech service.
    private const int MaxGreeting = 1500;
    private const int MaxName = 200;

    public static string Greeting(RoutingSettings settings)
    {
        var greeting = string.IsNullOrWhiteSpace(settings.Greeting)
            ? $"Thank you for calling {SpokenText.Clean(settings.BusinessName, MaxName)}."
            : SpokenText.Clean(settings.Greeting, MaxGreeting).Trim();
        return settings.RecordCalls ? $"{greeting} {RecordingNotice}" : greeting;
    }
}
