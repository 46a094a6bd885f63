namespace KestrelVoice.Contracts;

/// <summary>Dapr app ids, as in <c>dapr.yaml</c>.</summary>
public static class AppIds
{
    /// <summary>The API app: database, slices, event handlers.</summary>
    public const string Host = "host";

    /// <summary>The Twilio app: answers calls, never touches the database.</summary>
    public const string Voice = "voice";
}

/// <summary>Names of Dapr components; the same in <c>components/</c> and in <c>deploy/dapr/</c>.</summary>
public static class Components
{
    /// <summary>The message broker.</summary>
    public const string PubSub = "pubsub";

    /// <summary>The store of live call state.</summary>
    public const string StateStore = "statestore";
}

/// <summary>Topics of the <see cref="Components.PubSub"/> component.</summary>
public static class Topics
{
    /// <summary>What happens in calls: every record that derives from <see cref="CallEvent"/>.</summary>
    public const string Calls = "calls";

    /// <summary>Call events that the host could not take after every retry.</summary>
    public const string CallsDead = "calls.dead";

    /// <summary>What a tenant is told about: references to stored events, for the fan-out to webhook endpoints.</summary>
    public const string TenantEvents = "tenant-events";

    /// <summary>As <see cref="TenantEvents"/>, for those that may not wait behind others.</summary>
    public const string TenantEventsUrgent = "tenant-events.urgent";

    /// <summary>Calls that are over and were answered: references, for whatever begins then.</summary>
    public const string CompletedCalls = "completed-calls";

    /// <summary>Appointments that were booked or changed: references, for whatever follows them.</summary>
    public const string AppointmentChanges = "appointment-changes";

    /// <summary>Erasures of many calls: references, for whoever carries them out.</summary>
    public const string Erasures = "erasures";

    /// <summary>Recordings of erased calls that Twilio is to delete: references.</summary>
    public const string ErasedRecordings = "erased-recordings";

    /// <summary>Text messages that are to be sent: references.</summary>
    public const string Texts = "texts";

    /// <summary>Deliveries of the host's own topics that failed after every retry.</summary>
    public const string HostDead = "host.dead";
}

/// <summary>HTTP routes that the host serves to the voice app by service invocation only.</summary>
public static class InternalRoutes
{
    /// <summary><c>POST</c> a <see cref="RoutingLookup"/>; answers <see cref="RoutingSettings"/>, or 404 for a number nobody owns.</summary>
    public const string Routing = "/internal/routing";

    /// <summary><c>POST</c> a <see cref="TimesWanted"/>; answers a <see cref="BookingAnswer"/>, or 404 for a service that is not there.</summary>
    public const string Times = "/internal/appointments/times";

    /// <summary><c>POST</c> a <see cref="HoldWanted"/>; answers as <see cref="Times"/> does.</summary>
    public const string Hold = "/internal/appointments/hold";

    /// <summary><c>POST</c> a <see cref="BookingWanted"/>; answers as <see cref="Times"/> does.</summary>
    public const string Book = "/internal/appointments/book";
}
