package org.sluice.itest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.event.Event;
import org.osgi.service.event.EventConstants;
import org.osgi.service.event.EventHandler;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.IoMm;
import org.sluice.api.SvaParameters;
import org.sluice.api.Topics;
import org.sluice.spi.board.Dma;

/** What the core does is an event of OSGi's Event Admin for whoever asks. */
class EventsTest {
    @Test
    void attachPasidFaultAndDetachAreEvents() throws Exception {
        List<String> topics = new CopyOnWriteArrayList<>();
        Dictionary<String, Object> every = new Hashtable<>();
        every.put(EventConstants.EVENT_TOPIC, Topics.PREFIX + "*");
        EventHandler handler = (Event event) -> topics.add(event.getTopic());
        ServiceRegistration<EventHandler> registration =
                Container.CONTEXT.registerService(EventHandler.class, handler, every);
        try (Machine machine = Machine.powerOn("events")) {
            try (Domain domain =
                    machine.iommu().allocDomain(machine.device(Machine.DISK), DomainRequest.of(DomainType.UNMANAGED))) {
                domain.attach(machine.device(Machine.DISK));
                Container.await("an attach event", () -> topics.contains(Topics.ATTACHED));
                machine.device(Machine.DISK).initSva(SvaParameters.any());
                IoMm mm = domain.allocPasid(machine.device(Machine.DISK));
                Container.await("a PASID event", () -> topics.contains(Topics.PASID_ALLOCATED));
                byte[] data = new byte[4];
                assertThat(machine.endpoint(Machine.DISK).dma().read(mm.pasid(), 0x1000, data, 0, 4, 0))
                        .isEqualTo(Dma.ABORT);
                Container.await("a fault event", () -> topics.contains(Topics.FAULT));
                domain.freePasid(mm);
                Container.await("a free event", () -> topics.contains(Topics.PASID_FREED));
                domain.detach(machine.device(Machine.DISK));
                Container.await("a detach event", () -> topics.contains(Topics.DETACHED));
            }
        } finally {
            registration.unregister();
        }
    }
}
