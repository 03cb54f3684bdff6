package org.sluice.tck.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.UnitRecord;

/** Streams are apart from each other, in both kinds of stream table. */
interface StreamCases extends Rigged {
    /** Streams of the large case: all that fit on a PCI bus behind the first. */
    int MANY = 240;

    @Test
    default void hundredsOfStreamsReachOnlyTheirOwnInATableOfTwoLevels() {
        Rig rig = rig(Identity.WHOLE, MANY);
        assertThat(StrtabBaseCfg.fmt(rig.registers().streamTable())).isEqualTo(StrtabBaseCfg.FMT_TWO_LEVEL);
        everyStreamReachesItsOwn(rig);
    }

    @Test
    default void hundredsOfStreamsReachOnlyTheirOwnInALinearTable() {
        Rig rig = rig(Identity.LINEAR, MANY);
        assertThat(StrtabBaseCfg.fmt(rig.registers().streamTable())).isEqualTo(StrtabBaseCfg.FMT_LINEAR);
        everyStreamReachesItsOwn(rig);
    }

    /** All map the same IOVA; then one of them in three is taken away. */
    private static void everyStreamReachesItsOwn(Rig rig) {
        Map<Client, Space> spaces = new HashMap<>();
        long places = BoardSource.MEMORY;
        for (Client client : rig.clients()) {
            Space space = rig.attached(client);
            spaces.put(client, space);
            long paddr = places + client.streamId() * Sizes.KIB_4;
            client.plant(paddr, client.streamId());
            space.map(0x77_7000, paddr, Sizes.KIB_4, Space.RW);
        }
        for (Client client : rig.clients()) {
            assertThat(client.read(0x77_7000))
                    .as("stream 0x%x", client.streamId())
                    .isEqualTo(client.streamId());
        }
        for (Client client : rig.clients()) {
            if (client.streamId() % 3 == 0) {
                rig.unit().attach(client.record(), Attachment.BLOCKED);
                rig.unit().freeContext(spaces.get(client).context());
                spaces.get(client).table().free();
            }
        }
        for (Client client : rig.clients()) {
            assertThat(client.read(0x77_7000))
                    .as("stream 0x%x after others left", client.streamId())
                    .isEqualTo(client.streamId() % 3 == 0 ? Client.ABORTED : client.streamId());
        }
    }

    @Test
    default void streamBelongsToOneDeviceAndComesBackClean() {
        Rig rig = rig();
        Client client = rig.client();
        Space space = rig.attached(client);
        space.map(0x1000, rig.page(), Sizes.KIB_4, Space.RW);
        DeviceRecord twin = new DeviceRecord("twin", List.of(client.streamId()), 0);
        assertThatThrownBy(() -> rig.unit().addDevice(twin))
                .isInstanceOfSatisfying(
                        IommuException.class, cause -> assertThat(cause.errno()).isEqualTo(Errno.EBUSY));
        rig.unit().removeDevice(client.record());
        assertThat(client.read(0x1000)).isEqualTo(Client.ABORTED);
        rig.unit().addDevice(client.record());
        assertThat(client.read(0x1000)).as("added, attached to nothing").isEqualTo(Client.ABORTED);
        rig.unit().attach(client.record(), Attachment.to(space.context()));
        assertThat(client.write(0x1000, 1)).isTrue();
    }

    @Test
    default void streamIdThatTheSmmuHasNotIsRefused() {
        Rig rig = rig();
        int bits = rig.unit().capabilities().streamBits();
        DeviceRecord far = new DeviceRecord("far", List.of(1 << bits), 0);
        assertThatThrownBy(() -> rig.unit().addDevice(far))
                .isInstanceOfSatisfying(
                        IommuException.class, cause -> assertThat(cause.errno()).isEqualTo(Errno.ERANGE));
    }

    /** An update of the driver: the successor finds what is there, and no DMA notices. */
    @Test
    default void successorTakesOverWhileDevicesGoOn() {
        Rig rig = rig();
        Client first = rig.clients().get(0);
        Client second = rig.clients().get(1);
        Space space = rig.attached(first);
        long paddr = rig.page();
        first.plant(paddr, 8);
        space.map(0x3000, paddr, Sizes.KIB_4, Space.RW);
        assertThat(first.read(0x3000)).isEqualTo(8);
        List<UnitRecord.Device> devices = new ArrayList<>();
        devices.add(new UnitRecord.Device(
                first.record(), Attachment.Kind.TRANSLATED, space.context().record(), List.of()));
        devices.add(new UnitRecord.Device(second.record(), Attachment.Kind.BLOCKED, null, List.of()));

        rig.swap(new UnitRecord(UnitRecord.VERSION, devices));

        assertThat(first.read(0x3000)).isEqualTo(8);
        assertThat(second.read(0x3000)).isEqualTo(Client.ABORTED);
        var adopted = rig.unit().adoptContext(space.context().record());
        space.unmapOnly(0x3000, Sizes.KIB_4, 1);
        adopted.invalidate(0x3000, Sizes.KIB_4, Sizes.KIB_4, true);
        adopted.sync();
        assertThat(first.read(0x3000)).isEqualTo(Client.ABORTED);
        assertThat(rig.fault(fault -> fault.streamId() == first.streamId()).iova())
                .isEqualTo(0x3000);
    }
}
