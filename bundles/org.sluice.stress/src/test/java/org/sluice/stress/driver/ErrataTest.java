package org.sluice.stress.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Iidr;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.bus.DevicePort;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.NestingOperations;
import org.sluice.spi.quirk.AppliedHooks;
import org.sluice.spi.quirk.HookedUnit;
import org.sluice.spi.quirk.Smmuv3Hooks;
import org.sluice.vendor.arm.BroadcastErratum;
import org.sluice.vendor.arm.CommandQueueErratum;
import org.sluice.vendor.arm.NestingErratum;
import org.sluice.vendor.arm.WakeEventErratum;
import org.sluice.vendor.cavium.InterruptErratum;
import org.sluice.vendor.cavium.PageOneErratum;
import org.sluice.vendor.hisilicon.PrefetchErratum;
import org.sluice.vendor.hisilicon.TraceDevice;

/** Every erratum on an SMMU that has it and on one that has not: the driver, the vendors' bundles and the device together. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ErrataTest {
    private static final int MMU_600_R0P2 = 0x4830243b;
    private static final int MMU_600_R2P0 = 0x4832043b;
    private static final int MMU_700_R0P0 = 0x4870043b;
    private static final int MMU_700_R1P1 = 0x4871143b;
    private static final List<Smmuv3Hooks> ALL = List.of(
            new WakeEventErratum(),
            new NestingErratum(),
            new CommandQueueErratum(),
            new BroadcastErratum(),
            new PageOneErratum(),
            new InterruptErratum(),
            new PrefetchErratum(),
            new TraceDevice());

    /**
     * Registers of another implementation.
     *
     * @param model what is behind
     * @param iidr what IIDR says
     * @param onePage whether page 1 lies in page 0
     */
    private record Implementation(RegisterFile model, int iidr, boolean onePage) implements RegisterFile {
        private static final long PAGE = 0x10000;

        @Override
        public int read32(long offset) {
            if (offset == Iidr.ADDRESS) {
                return iidr;
            }
            int value = model.read32(place(offset));
            boolean announces = offset == Idr0.ADDRESS;
            return announces ? value | (int) (Idr0.SEV_MASK | Idr0.BTM_MASK) : value;
        }

        @Override
        public void write32(long offset, int value) {
            model.write32(place(offset), value);
        }

        @Override
        public long read64(long offset) {
            return model.read64(place(offset));
        }

        @Override
        public void write64(long offset, long value) {
            model.write64(place(offset), value);
        }

        /** What has two pages answers for its indices in the second; what has one answers there for nothing. */
        private long place(long offset) {
            boolean index = offset % PAGE == 0xa8 || offset % PAGE == 0xac;
            if (!onePage || !index) {
                return offset;
            }
            return offset < PAGE ? offset + PAGE : 0xf000;
        }
    }

    private static void on(
            int iidr, Map<String, String> firmware, Map<String, Object> model, boolean onePage, Consumer<Rig> test) {
        Map<String, Object> properties = new HashMap<>(model);
        Map<String, String> words = new HashMap<>(firmware);
        words.put("canwbs", "");
        Rig rig = new Rig(properties).with(registers -> new Implementation(registers, iidr, onePage), words);
        ALL.forEach(hooks -> rig.driver().bindHooks(hooks, Map.of()));
        try (Rig probed = rig.probe()) {
            test.accept(probed);
        }
    }

    private static List<String> names(Rig rig) {
        return ((HookedUnit) rig.unit())
                .hooks().stream().map(AppliedHooks::name).toList();
    }

    @Test
    void soundImplementationHasNone() {
        on(0, Map.of(), Map.of("idr0.MSI", "0"), false, rig -> {
            assertThat(names(rig)).isEmpty();
            assertThat(firstSync(rig)).isEqualTo(0xfc02046L);
            assertThat(rig.unit()).isInstanceOf(NestingOperations.class);
        });
    }

    @Test
    void erratum1076982IsPolledAndErratum1209401HasNoGuests() {
        on(MMU_600_R0P2, Map.of(), Map.of("idr0.MSI", "0"), false, rig -> {
            assertThat(names(rig)).containsExactly("Arm erratum 1076982", "Arm erratum 1209401");
            assertThat(firstSync(rig)).isEqualTo(0x46L);
            assertThat(rig.unit()).isNotInstanceOf(NestingOperations.class);
            assertThat(rig.unit().capabilities().stage2()).isTrue();
        });
        on(MMU_600_R2P0, Map.of(), Map.of("idr0.MSI", "0"), false, rig -> {
            assertThat(names(rig)).isEmpty();
            assertThat(firstSync(rig)).isEqualTo(0xfc02046L);
            assertThat(rig.unit()).isInstanceOf(NestingOperations.class);
        });
    }

    /** 130 commands: two batches of 63 and one of 4 with a CMD_SYNC each, and the one that is waited for. */
    @Test
    void erratum2812531EndsBatchesInASync() {
        on(MMU_700_R0P0, Map.of(), Map.of("idr3.RIL", "0"), false, rig -> {
            assertThat(names(rig)).containsExactly("Arm erratum 2268618, 2812531", "Arm erratum 3878312, 3995052");
            assertThat(syncsOfAnUnmap(rig)).isEqualTo(4);
            assertThat(rig.unit()).isNotInstanceOf(NestingOperations.class);
        });
        on(MMU_700_R1P1, Map.of(), Map.of("idr3.RIL", "0"), false, rig -> {
            assertThat(names(rig)).containsExactly("Arm erratum 3878312, 3995052");
            assertThat(syncsOfAnUnmap(rig)).isEqualTo(1);
            assertThat(rig.unit()).isInstanceOf(NestingOperations.class);
        });
    }

    private static long syncsOfAnUnmap(Rig rig) {
        Mapping mapping = rig.context();
        long before = rig.counters().get("command.CMD_SYNC");
        mapping.context().invalidate(0, 130 * 4096, 4096, true);
        mapping.context().sync();
        return rig.counters().get("command.CMD_SYNC") - before;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void erratum74FindsTheIndicesInTheFirstPageAndErratum126OneInterrupt(boolean affected) {
        Map<String, String> firmware = affected ? Map.of("cavium,cn9900-broken-page1-regspace", "") : Map.of();
        on(0, firmware, Map.of(), affected, rig -> {
            assertThat(names(rig))
                    .isEqualTo(affected ? List.of("ThunderX2 erratum 74", "ThunderX2 erratum 126") : List.of());
            rig.combineInterrupts(affected);
            DeviceRecord device = rig.add("dev", 0x10, 0, DevicePort.NONE);
            rig.unit().attach(device, Attachment.to(rig.context().context()));
            byte[] data = new byte[8];
            rig.model().transact(0x10, -1, 0x1000, IommuModel.WRITE, data, 0, data.length);
            while (rig.faults().isEmpty()) {
                Thread.yield();
            }
            assertThat(rig.faults().get(0).iova()).isEqualTo(0x1000);
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void prefetchIsSentOnlyWhereItWorks(boolean affected) {
        on(0, affected ? Map.of("hisilicon,broken-prefetch-cmd", "") : Map.of(), Map.of(), false, rig -> {
            DeviceRecord device = rig.add("dev", 0x10, 0, DevicePort.NONE);
            rig.unit().attach(device, Attachment.IDENTITY);
            assertThat(rig.counters().getOrDefault("command.CMD_PREFETCH_CONFIG", 0L))
                    .isEqualTo(affected ? 0 : 1);
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void traceDevicePasses(boolean affected) {
        on(0, affected ? Map.of("hisilicon,ptt-devices", "ptt") : Map.of(), Map.of(), false, rig -> {
            DeviceRecord device = rig.add("ptt", 0x10, 0, DevicePort.NONE);
            Attachment translated = Attachment.to(rig.context().context());
            if (affected) {
                assertThatExceptionOfType(IommuException.class)
                        .isThrownBy(() -> rig.unit().attach(device, translated))
                        .withMessageContaining("HiSilicon PCIe trace device");
            } else {
                rig.unit().attach(device, translated);
            }
            rig.unit().attach(device, Attachment.IDENTITY);
        });
    }

    /** Behind CMD_CFGI_ALL, the first command of all. */
    private static long firstSync(Rig rig) {
        long base = CmdqBase.addr(rig.model().registers().read64(CmdqBase.ADDRESS));
        return rig.memory().read64(base + 16);
    }
}
