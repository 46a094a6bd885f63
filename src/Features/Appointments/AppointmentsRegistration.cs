using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Appointments;

internal static class AppointmentsRegistration
{
    public static IServiceCollection AddAppointments(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<AppointmentSettings>().Bind(configuration.GetSection(AppointmentSettings.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<AppointmentSettings>, AppointmentSettings.Validator>();
        return services
            .AddSingleton<Schedules>().AddSingleton<OutsideChanges>().AddSingleton<CustomerAppointments>()
            .AddSingleton<Bookings>().AddSingleton<Holds>().AddHostedService<HoldSweeper>();
    }
}
