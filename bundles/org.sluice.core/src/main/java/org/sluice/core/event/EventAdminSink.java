package org.sluice.core.event;

import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.event.Event;
import org.osgi.service.event.EventAdmin;
import org.osgi.service.event.EventHandler;

/** Hands events to OSGi's Event Admin, asynchronously. Its class is loaded only where there is one. */
@Component(service = EventSink.class)
public final class EventAdminSink implements EventSink {
    private final EventAdmin admin;
    private final AtomicInteger handlers = new AtomicInteger();

    /**
     * While there is an Event Admin.
     *
     * @param admin takes the events
     */
    @Activate
    public EventAdminSink(@Reference EventAdmin admin) {
        this.admin = admin;
    }

    /** Only counted: the handler itself is Event Admin's business. */
    @Reference(
            service = EventHandler.class,
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC)
    void addHandler(ServiceReference<EventHandler> handler) {
        handlers.incrementAndGet();
    }

    void removeHandler(ServiceReference<EventHandler> handler) {
        handlers.decrementAndGet();
    }

    @Override
    public boolean isHeard() {
        return handlers.get() > 0;
    }

    @Override
    public void post(String topic, Map<String, Object> properties) {
        admin.postEvent(new Event(topic, properties));
    }
}
