using Dapr.Workflow;
using KestrelVoice.Features.Calendars.CalDav;
using KestrelVoice.Features.Calendars.Google;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Calendars;

internal static class CalendarsRegistration
{
    public static IServiceCollection AddCalendars(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<CalendarSettings>().Bind(configuration.GetSection(CalendarSettings.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<CalendarSettings>, CalendarSettings.Validator>();
        services.AddSingleton<CalDavRequests>().AddSingleton<CalDavClient>().AddSingleton<CalendarConnections>().AddSingleton<CalendarSync>();
        services.AddSingleton<CalendarAdoption>().AddSingleton<AppointmentWriter>().AddSingleton<LiveBusyTimes>().AddHostedService<CalendarPoller>();
        services.AddTransient<NewCalendars>().AddGoogleCalendars(configuration);
        return services.AddDaprWorkflow(workflows =>
        {
            workflows.RegisterWorkflow<WriteAppointmentWorkflow>();
            workflows.RegisterActivity<WriteAppointmentActivity>();
        });
    }
}
