package org.sluice.stress.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.bus.DevicePort;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.DeviceRecord;

/** Addresses above 48 bits, and contiguous groups, from the driver's request to DMA and back out by its invalidations. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class LargeAddressTest {
    private static final int STREAM = 0x10;
    private static final int RW = Prot.READ | Prot.WRITE | Prot.CACHE;

    private static int write(Rig rig, long iova, long value) {
        byte[] data = new byte[Long.BYTES];
        ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN).putLong(value);
        return rig.model().transact(STREAM, Dma.NO_PASID, iova, IommuModel.WRITE, data, 0, data.length);
    }

    private static void unmap(Mapping mapping, long iova, long size) {
        IotlbGather gather = new IotlbGather();
        assertThat(mapping.table().unmapPages(iova, size, 1, gather)).isEqualTo(size);
        long bytes = gather.end() - gather.start() + 1;
        mapping.context().invalidate(gather.start(), bytes, gather.pageSize(), gather.tableCount() == 0);
        mapping.context().sync();
    }

    /** An IOVA above 48 bits leads to memory above 48 bits, by pages and by blocks of each granule. */
    @ParameterizedTest
    @CsvSource({
        // IDR5.DS, VAX; stage; page size; leaf
        "1, 1, 1, 0x1000,  0x1000",
        "1, 1, 1, 0x1000,  0x200000",
        "1, 1, 1, 0x4000,  0x4000",
        "1, 1, 1, 0x4000,  0x2000000",
        "0, 1, 1, 0x10000, 0x10000",
        "1, 1, 1, 0x10000, 0x10000",
        "1, 0, 2, 0x1000,  0x1000",
        "1, 0, 2, 0x1000,  0x200000",
        "1, 0, 2, 0x4000,  0x4000",
        "0, 0, 2, 0x10000, 0x10000",
    })
    void dmaReachesWhatIsAbove48Bits(String ds, String vax, int stage, String page, String leaf) {
        long size = Long.decode(leaf);
        long sizes = Long.decode(page) | size;
        Map<String, Object> properties = Map.of("idr5.OAS", "6", "idr5.DS", ds, "idr5.VAX", vax);
        try (Rig rig = new Rig(properties).probe()) {
            DeviceRecord device = rig.add("dev", STREAM, 0, DevicePort.NONE);
            Mapping mapping = rig.context(new ContextRequest(stage, false, false, sizes));
            assertThat(mapping.table().config().inputBits()).isEqualTo(52);
            rig.unit().attach(device, Attachment.to(mapping.context()));
            long iova = 0x9_8765_0000_0000L;
            for (int round = 0; round < 2; round++) {
                assertThat(mapping.table().mapPages(iova, Rig.HIGH_RAM, size, 1, RW))
                        .isEqualTo(size);
                assertThat(write(rig, iova + 0x128, 42 + round)).isEqualTo(Dma.OK);
                assertThat(rig.memory().read64(Rig.HIGH_RAM + 0x128)).isEqualTo(42 + round);
                unmap(mapping, iova, size);
                assertThat(write(rig, iova + 0x128, 7)).isEqualTo(Dma.ABORT);
            }
        }
    }

    /** Without VAX only what comes out is large. */
    @ParameterizedTest
    @CsvSource({"0, 0x10000", "1, 0x10000", "1, 0x1000", "1, 0x4000"})
    void inputsStaySmallWhereOnlyOutputsAreLarge(String ds, String page) {
        long size = Long.decode(page);
        Map<String, Object> properties = Map.of("idr5.OAS", "6", "idr5.DS", ds, "idr5.VAX", "0");
        try (Rig rig = new Rig(properties).probe()) {
            DeviceRecord device = rig.add("dev", STREAM, 0, DevicePort.NONE);
            Mapping mapping = rig.context(new ContextRequest(1, false, false, size));
            assertThat(mapping.table().config().inputBits()).isEqualTo(48);
            rig.unit().attach(device, Attachment.to(mapping.context()));
            assertThat(mapping.table().mapPages(0x10_0000, Rig.HIGH_RAM, size, 1, RW))
                    .isEqualTo(size);
            assertThat(write(rig, 0x10_0000, 42)).isEqualTo(Dma.OK);
            assertThat(rig.memory().read64(Rig.HIGH_RAM)).isEqualTo(42);
        }
    }

    /** Whether a TLB keeps a group as one or its members, and whether commands take ranges or not: the unmap takes all of it. */
    @ParameterizedTest
    @CsvSource({
        // stage; page size; block; group; members; range invalidation
        "1, 0x1000,  0x200000,   0x10000,   16,  1",
        "1, 0x1000,  0x200000,   0x10000,   16,  0",
        "1, 0x1000,  0x200000,   0x2000000, 16,  1",
        "1, 0x1000,  0x200000,   0x2000000, 16,  0",
        "1, 0x4000,  0x2000000,  0x200000,  128, 1",
        "1, 0x4000,  0x2000000,  0x200000,  128, 0",
        "1, 0x10000, 0x20000000, 0x200000,  32,  1",
        "2, 0x1000,  0x200000,   0x10000,   16,  1",
        "2, 0x1000,  0x200000,   0x2000000, 16,  0",
    })
    void unmapOfAGroupTakesEveryMemberOutOfTheTlb(
            int stage, String page, String block, String group, int members, String ranges) {
        long size = Long.decode(group);
        try (Rig rig = new Rig(Map.of("idr3.RIL", ranges), true).probe()) {
            DeviceRecord device = rig.add("dev", STREAM, 0, DevicePort.NONE);
            long sizes = Long.decode(page) | Long.decode(block);
            Mapping mapping = rig.context(new ContextRequest(stage, false, false, sizes));
            assertThat(mapping.table().config().pageSizes() & size).isEqualTo(size);
            rig.unit().attach(device, Attachment.to(mapping.context()));
            long iova = 5 * size;
            for (boolean asOne : new boolean[] {false, true}) {
                assertThat(mapping.table().mapPages(iova, Rig.RAM, size, 1, RW)).isEqualTo(size);
                for (long at = 0; at < size; at += size / members) {
                    assertThat(write(rig, iova + at, 42 + at)).isEqualTo(Dma.OK);
                    assertThat(rig.memory().read64(Rig.RAM + at)).isEqualTo(42 + at);
                }
                if (asOne) {
                    assertThat(mapping.table().unmapPages(iova, size, 1, new IotlbGather()))
                            .isEqualTo(size);
                    mapping.context().invalidate(iova, size, size, true);
                    mapping.context().sync();
                } else {
                    unmap(mapping, iova, size);
                }
                for (long at = 0; at < size; at += size / members) {
                    assertThat(write(rig, iova + at, 7)).isEqualTo(Dma.ABORT);
                    assertThat(rig.memory().read64(Rig.RAM + at)).isEqualTo(42 + at);
                }
            }
        }
    }
}
