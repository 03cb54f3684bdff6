package org.sluice.stress.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.pgtable.arm.Stage1Format;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.AtsEndpoint;
import org.sluice.spi.board.AtsModel;
import org.sluice.spi.board.AtsPageRequest;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.bus.DevicePort;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.NestingOperations;
import org.sluice.spi.driver.PageRequest;
import org.sluice.spi.driver.PageResponse;
import org.sluice.spi.driver.PageResponseOperations;
import org.sluice.spi.driver.PowerOperations;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.pgtable.ArmStage1;
import org.sluice.spi.pgtable.DirtyTracking;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;

/** What the driver programs, the device does: stage 2, guests, dirty state, page requests, stalls, silence, suspension. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class FeaturesTest {
    private static final int STREAM = 0x10;
    private static final long IOVA = 0x7000;
    private static final long PADDR = Rig.RAM + 0x3000;
    private static final int RW = Prot.READ | Prot.WRITE | Prot.CACHE;

    private static int write(Rig rig, int substreamId, long iova, long value) {
        byte[] data = new byte[Long.BYTES];
        ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN).putLong(value);
        return rig.model().transact(STREAM, substreamId, iova, IommuModel.WRITE, data, 0, data.length);
    }

    @Test
    void dmaPassesStage2UntilItsUnmap() {
        try (Rig rig = new Rig(Map.of()).probe()) {
            DeviceRecord device = rig.add("dev", STREAM, 0, DevicePort.NONE);
            Mapping stage2 = rig.context(new ContextRequest(2, false, false, 0));
            stage2.map(IOVA, PADDR);
            rig.unit().attach(device, Attachment.to(stage2.context()));
            assertThat(write(rig, Dma.NO_PASID, IOVA, 42)).isEqualTo(Dma.OK);
            assertThat(rig.memory().read64(PADDR)).isEqualTo(42);
            stage2.unmap(IOVA, new IotlbGather());
            assertThat(write(rig, Dma.NO_PASID, IOVA, 43)).isEqualTo(Dma.ABORT);
            assertThat(rig.memory().read64(PADDR)).isEqualTo(42);
            await(() -> rig.faults().size() == 1);
            assertThat(rig.faults().get(0).iova()).isEqualTo(IOVA);
            rig.unit().attach(device, Attachment.IDENTITY);
            assertThat(write(rig, Dma.NO_PASID, PADDR, 44)).isEqualTo(Dma.OK);
            rig.unit().attach(device, Attachment.to(stage2.context()));
            assertThat(write(rig, Dma.NO_PASID, PADDR, 45)).isEqualTo(Dma.ABORT);
        }
    }

    /** The guest's tables lie in its memory, which stage 2 maps; its own invalidation makes its changes seen. */
    @Test
    void guestTranslatesOverStage2AndInvalidatesForItself() {
        try (Rig rig = new Rig(Map.of())
                .with(registers -> registers, Map.of("canwbs", ""))
                .probe()) {
            DeviceRecord device = rig.add("dev", STREAM, 0, DevicePort.NONE);
            Mapping parent = rig.context(new ContextRequest(2, false, false, 0));
            // Everything of the rig's pool is the guest's at the same address, and one page of data at another.
            for (long address = 0x4000_0000L; address < 0x4100_0000L; address += Mapping.PAGE) {
                parent.map(address, address);
            }
            long ipa = 0x5_0000_0000L;
            parent.map(ipa, PADDR);
            PageTableConfig config = new PageTableConfig("ARM_64_LPAE_S1", 4096, 39, 40, true, 0);
            PageTable guestTable = new Stage1Format().create(config, rig);
            guestTable.mapPages(IOVA, ipa, 4096, 1, RW);
            long descriptors = rig.allocator().allocate(4096, 4096);
            writeDescriptor(rig, descriptors, (ArmStage1) guestTable.walkerConfig());

            NestingOperations guests = (NestingOperations) rig.unit();
            TranslationContext nested = guests.createNested(parent.context(), guestEntry(descriptors));
            rig.unit().attach(device, Attachment.to(nested));
            assertThat(write(rig, Dma.NO_PASID, IOVA, 42)).isEqualTo(Dma.OK);
            assertThat(rig.memory().read64(PADDR)).isEqualTo(42);

            guestTable.unmapPages(IOVA, 4096, 1, new IotlbGather());
            long nhAll = 0x10;
            assertThat(guests.invalidate(parent.context(), new long[] {nhAll, 0}, stream -> -1))
                    .isEqualTo(1);
            assertThat(write(rig, Dma.NO_PASID, IOVA, 43)).isEqualTo(Dma.ABORT);
            guestTable.mapPages(IOVA, ipa, 4096, 1, RW);
            assertThat(write(rig, Dma.NO_PASID, IOVA, 44)).isEqualTo(Dma.OK);
            parent.unmap(ipa, new IotlbGather());
            assertThat(write(rig, Dma.NO_PASID, IOVA, 45))
                    .as("what combined both stages is gone")
                    .isEqualTo(Dma.ABORT);
            assertThat(rig.memory().read64(PADDR)).isEqualTo(44);
        }
    }

    private static void writeDescriptor(Rig rig, long address, ArmStage1 walker) {
        long word = ContextDescriptor.withT0sz(0, walker.tsz());
        word = ContextDescriptor.withTg0(word, walker.tg());
        word = ContextDescriptor.withIr0(word, walker.irgn());
        word = ContextDescriptor.withOr0(word, walker.orgn());
        word = ContextDescriptor.withSh0(word, walker.sh());
        word = ContextDescriptor.withEpd1(word, 1);
        word = ContextDescriptor.withIps(word, walker.ips());
        word = ContextDescriptor.withAa64(word, 1);
        word = ContextDescriptor.withA(ContextDescriptor.withR(word, 1), 1);
        word = ContextDescriptor.withAsid(ContextDescriptor.withAset(word, 1), 9);
        rig.memory().write64(address + 8, ContextDescriptor.withTtb0(0, walker.root()));
        rig.memory().write64(address + 24, walker.mair());
        rig.memory().write64(address, ContextDescriptor.withV(word, 1));
    }

    private static long[] guestEntry(long descriptors) {
        long word = StreamTableEntry.withConfig(StreamTableEntry.withV(0, 1), StreamTableEntry.CONFIG_S1_TRANSLATE);
        word = StreamTableEntry.withS1ContextPtr(word, descriptors);
        return new long[] {word, StreamTableEntry.withS1dss(0, StreamTableEntry.S1DSS_SSID0)};
    }

    @Test
    void writtenPagesAreFoundDirtyWithoutAFault() {
        try (Rig rig = new Rig(Map.of("idr0.HTTU", "2")).probe()) {
            DeviceRecord device = rig.add("dev", STREAM, 0, DevicePort.NONE);
            Mapping mapping = rig.context(new ContextRequest(1, false, false, 0, true));
            mapping.map(IOVA, PADDR);
            mapping.map(IOVA + 4096, PADDR + 4096);
            rig.unit().attach(device, Attachment.to(mapping.context()));
            DirtyTracking dirty = (DirtyTracking) mapping.table();
            List<Long> found = new ArrayList<>();
            dirty.readDirty(
                    IOVA, 2 * 4096, true, new IotlbGather(), (iova, paddr, size, leaf, prot) -> found.add(iova));
            mapping.context().invalidateAll();
            found.clear();
            assertThat(write(rig, Dma.NO_PASID, IOVA + 4096, 42)).isEqualTo(Dma.OK);
            dirty.readDirty(IOVA, 2 * 4096, false, null, (iova, paddr, size, leaf, prot) -> found.add(iova));
            assertThat(found).containsExactly(IOVA + 4096);
            assertThat(rig.faults()).isEmpty();
        }
    }

    /** The device asks ahead, the core maps and answers, the device repeats its access: nothing faults. */
    @Test
    void pageRequestIsServedAndTheAccessRepeated() {
        try (Rig rig = new Rig(Map.of("idr0.ATS", "1", "idr0.PRI", "1", "idr1.PRIQS", "4")).probe()) {
            AtsModel ats = rig.model().ats().orElseThrow();
            List<String> answers = new CopyOnWriteArrayList<>();
            ats.connect(STREAM, new AtsEndpoint() {
                @Override
                public boolean invalidate(int substreamId, boolean global, long address, int log2bytes) {
                    return true;
                }

                @Override
                public void respond(int substreamId, int group, Response response) {
                    answers.add(substreamId + " " + group + " " + response);
                }
            });
            DeviceRecord device = rig.add("dev", STREAM, 8, asking());
            Mapping mapping = rig.context();
            rig.pasids().mmAttach(device, 5, mapping.context(), true);
            PageResponseOperations responses = (PageResponseOperations) rig.unit();
            rig.repair(request -> {
                if (request.last()) {
                    mapping.map(request.fault().iova(), PADDR);
                    responses.respond(request, PageResponse.SUCCESS);
                }
                return true;
            });
            ats.requestPage(STREAM, new AtsPageRequest(5, IOVA, true, true, false, false, true, 17));
            await(() -> !answers.isEmpty());
            assertThat(answers).containsExactly("5 17 SUCCESS");
            assertThat(ats.requestTranslation(STREAM, 5, IOVA, IommuModel.WRITE).address())
                    .isEqualTo(PADDR);
            rig.repair(request -> false);
            ats.requestPage(STREAM, new AtsPageRequest(5, IOVA + 4096, true, true, false, false, true, 18));
            await(() -> answers.size() == 2);
            assertThat(answers.get(1)).isEqualTo("5 18 INVALID_REQUEST");
            responses.drain(device, 5);
        }
    }

    private static DevicePort asking() {
        return new DevicePort() {
            @Override
            public boolean hasAts() {
                return true;
            }

            @Override
            public void enableAts(int smallestUnitShift) {}

            @Override
            public boolean hasPri() {
                return true;
            }

            @Override
            public void enablePri(int outstanding) {}

            @Override
            public boolean wantsPasidInResponse() {
                return true;
            }
        };
    }

    @Test
    void stalledTransactionIsRepairedAndGoesThrough() {
        try (Rig rig = new Rig(Map.of("idr0.STALL_MODEL", "0")).probe()) {
            DeviceRecord device = rig.add("gpu", STREAM, 0, new DevicePort() {
                @Override
                public boolean canStall() {
                    return true;
                }
            });
            Mapping mapping = rig.context();
            rig.unit().attach(device, Attachment.to(mapping.context()));
            PageResponseOperations responses = (PageResponseOperations) rig.unit();
            AtomicInteger stalls = new AtomicInteger();
            rig.repair(request -> {
                if (request.kind() == PageRequest.Kind.STALL && request.fault().iova() == IOVA) {
                    stalls.incrementAndGet();
                    mapping.map(IOVA, PADDR);
                    responses.respond(request, PageResponse.SUCCESS);
                    return true;
                }
                return false;
            });
            assertThat(write(rig, Dma.NO_PASID, IOVA, 42)).isEqualTo(Dma.OK);
            assertThat(rig.memory().read64(PADDR)).isEqualTo(42);
            assertThat(stalls).hasValue(1);
            assertThat(write(rig, Dma.NO_PASID, IOVA + 4096, 43))
                    .as("nobody repairs it")
                    .isEqualTo(Dma.ABORT);
            assertThat(rig.faults()).hasSize(1);
        }
    }

    /** CERROR_ATC_INV_SYNC: the driver learns of it, blocks the device before the unmap returns, and goes on. */
    @Test
    void deviceThatDoesNotForgetIsBlockedBeforeTheUnmapReturns() {
        try (Rig rig = new Rig(Map.of("idr0.ATS", "1")).probe()) {
            CachingDevice bad = new CachingDevice(STREAM, rig.model().ats().orElseThrow());
            CachingDevice good = new CachingDevice(0x11, rig.model().ats().orElseThrow());
            Mapping mapping = rig.context();
            mapping.map(IOVA, PADDR);
            for (DeviceRecord device : List.of(rig.add("bad", STREAM, 0, bad), rig.add("good", 0x11, 0, good))) {
                rig.unit().attach(device, Attachment.to(mapping.context()));
            }
            byte[] data = new byte[Long.BYTES];
            assertThat(bad.access(rig.model(), Dma.NO_PASID, IOVA, true, data)).isEqualTo(Dma.OK);
            assertThat(good.access(rig.model(), Dma.NO_PASID, IOVA, true, data)).isEqualTo(Dma.OK);
            bad.silence(true);
            mapping.unmap(IOVA, new IotlbGather());
            // It goes on using what it cached, whatever its switches say.
            long translated = PADDR;
            assertThat(rig.model()
                            .ats()
                            .orElseThrow()
                            .transactTranslated(STREAM, translated, IommuModel.WRITE, data, 0, data.length))
                    .isEqualTo(Dma.ABORT);
            mapping.map(IOVA, PADDR);
            assertThat(good.access(rig.model(), Dma.NO_PASID, IOVA, true, data)).isEqualTo(Dma.OK);
            assertThat(rig.counters()).containsEntry("driver.devices.shutout", 1L);
        }
    }

    @Test
    void dmaAbortsWhileSuspendedAndGoesOnAfterwards() {
        try (Rig rig = new Rig(Map.of()).probe()) {
            DeviceRecord device = rig.add("dev", STREAM, 8, DevicePort.NONE);
            Mapping mapping = rig.context();
            mapping.map(IOVA, PADDR);
            rig.unit().attach(device, Attachment.to(mapping.context()));
            rig.pasids().mmAttach(device, 5, mapping.context(), true);
            PowerOperations power = (PowerOperations) rig.unit();
            for (int round = 0; round < 3; round++) {
                assertThat(write(rig, Dma.NO_PASID, IOVA, 42)).isEqualTo(Dma.OK);
                assertThat(write(rig, 5, IOVA, 43)).isEqualTo(Dma.OK);
                power.suspend();
                assertThat(write(rig, Dma.NO_PASID, IOVA, 44)).isEqualTo(Dma.ABORT);
                power.resume();
            }
            power.suspend();
            mapping.unmap(IOVA, new IotlbGather());
            power.resume();
            assertThat(write(rig, Dma.NO_PASID, IOVA, 45))
                    .as("what was invalidated meanwhile is gone")
                    .isEqualTo(Dma.ABORT);
            assertThat(rig.memory().read64(PADDR)).isEqualTo(43);
        }
    }

    /** What firmware left running (a display) does DMA all the way from before the reset into its domain, and never aborts. */
    @Test
    void reservedStreamRunsOnFromFirmwareIntoItsDomain() throws Exception {
        try (Rig rig = new Rig(Map.of()).with(registers -> registers, Map.of("rmr-streams", "0x10"))) {
            AtomicBoolean stop = new AtomicBoolean();
            AtomicInteger passed = new AtomicInteger();
            AtomicInteger aborted = new AtomicInteger();
            Thread display = new Thread(() -> {
                while (!stop.get() && aborted.get() == 0) {
                    (write(rig, Dma.NO_PASID, PADDR, 42) == Dma.OK ? passed : aborted).incrementAndGet();
                }
            });
            display.start();
            awaitMore(passed, display);
            rig.probe();
            awaitMore(passed, display);
            DeviceRecord device = rig.add("display", STREAM, 0, DevicePort.NONE);
            Mapping mapping = rig.context();
            mapping.map(PADDR, PADDR);
            rig.unit().attach(device, Attachment.to(mapping.context()));
            awaitMore(passed, display);
            stop.set(true);
            display.join();
            assertThat(aborted).hasValue(0);
            assertThat(rig.faults()).isEmpty();
            mapping.unmap(PADDR, new IotlbGather());
            assertThat(write(rig, Dma.NO_PASID, PADDR, 43)).as("translated now").isEqualTo(Dma.ABORT);
            assertThat(rig.memory().read64(PADDR)).isEqualTo(42);
        }
    }

    /** Waits until the device has begun and ended one more access, or has stopped. */
    private static void awaitMore(AtomicInteger count, Thread device) {
        int before = count.get();
        await(() -> count.get() >= before + 2 || !device.isAlive());
    }

    private static void await(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            if (Thread.currentThread().isInterrupted()) {
                throw new AssertionError("it did not happen before the test's time was up");
            }
            Thread.yield();
        }
    }
}
