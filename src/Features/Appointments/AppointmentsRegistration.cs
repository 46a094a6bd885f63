using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Appointments;

internal static class AppointmentsRegistration
{
    public static IServiceCollection AddAppointments(this IServiceCollection services) =>
        services.AddSingleton<Schedules>().AddSingleton<OutsideChanges>().AddSingleton<CustomerAppointments>();
}
