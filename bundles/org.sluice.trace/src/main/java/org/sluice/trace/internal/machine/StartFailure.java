package org.sluice.trace.internal.machine;

import java.util.Optional;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;

/** Why a configured board did not come, as the component runtime knows it: a component that fails to start is only logged. */
final class StartFailure {
    private static final String PID = "service.pid";
    private static final String REASON = "IommuException: ";

    private StartFailure() {}

    /**
     * Looks for the failure of a component.
     *
     * @param pid of its configuration
     * @return the reason in words; empty while it has not failed
     */
    static Optional<String> of(BundleContext context, String pid) {
        ServiceReference<ServiceComponentRuntime> reference =
                context.getServiceReference(ServiceComponentRuntime.class);
        ServiceComponentRuntime runtime = reference == null ? null : context.getService(reference);
        if (runtime == null) {
            return Optional.empty();
        }
        try {
            for (ComponentDescriptionDTO description : runtime.getComponentDescriptionDTOs()) {
                for (ComponentConfigurationDTO component : runtime.getComponentConfigurationDTOs(description)) {
                    if (component.state == ComponentConfigurationDTO.FAILED_ACTIVATION
                            && pid.equals(component.properties.get(PID))) {
                        return Optional.of(reason(component.failure));
                    }
                }
            }
            return Optional.empty();
        } finally {
            context.ungetService(reference);
        }
    }

    /** Of a stack trace, the words of our own exception, or else its first line. */
    private static String reason(String stackTrace) {
        String text = stackTrace == null ? "its component failed to start" : stackTrace;
        int ours = text.indexOf(REASON);
        String words = ours < 0 ? text : text.substring(ours + REASON.length());
        return words.lines().findFirst().orElse(text);
    }
}
