package org.sluice.core.event;

import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.event.Event;
import org.osgi.service.event.EventAdmin;

/** Hands events to OSGi's Event Admin, asynchronously. Its class is loaded only where there is one. */
@Component(service = EventSink.class)
public final class EventAdminSink implements EventSink {
    private final EventAdmin admin;

    /**
     * While there is an Event Admin.
     *
     * @param admin takes the events
     */
    @Activate
    public EventAdminSink(@Reference EventAdmin admin) {
        this.admin = admin;
    }

    @Override
    public void post(String topic, Map<String, Object> properties) {
        admin.postEvent(new Event(topic, properties));
    }
}
