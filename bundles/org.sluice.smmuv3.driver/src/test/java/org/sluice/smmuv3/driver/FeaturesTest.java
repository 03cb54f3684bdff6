package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.smmuv3.arch.Idr5;

class FeaturesTest {
    private final RegisterFake registers = new RegisterFake(new TestMemory(0));

    @Test
    void capturedIdRegistersOfQemuAreUnderstood() {
        assertThat(Features.identify(registers, Map.of()))
                .isEqualTo(new Features(
                        16,
                        0,
                        16,
                        8,
                        Features.Stall.NEVER,
                        19,
                        19,
                        0,
                        0x62215000L,
                        44,
                        Set.of(Feature.STAGE1, Feature.TWO_LEVEL_STREAM_TABLE, Feature.RANGE_INVALIDATION)));
    }

    /** Without cache maintenance there is no way to serve it; firmware may know better. */
    @Test
    void smmuThatIsNotCoherentIsRefusedInWords() {
        long idr0 = Idr0.withCohacc(registers.get(Idr0.ADDRESS), 0);
        refused(Idr0.ADDRESS, idr0, Errno.EOPNOTSUPP, "IDR0.COHACC is 0");
        registers.set(Idr0.ADDRESS, idr0);
        assertThat(Features.identify(registers, Map.of("dma-coherent", "")).has(Feature.STAGE1))
                .isTrue();
    }

    @Test
    void reservedOutputSizeActsAsTheLargest() {
        registers.set(Idr5.ADDRESS, Idr5.withOas(registers.get(Idr5.ADDRESS), 7));
        assertThat(Features.identify(registers, Map.of()).outputBits()).isEqualTo(52);
    }

    @Test
    void refusalNamesFieldAndValue() {
        long idr0 = registers.get(Idr0.ADDRESS);
        long idr1 = registers.get(Idr1.ADDRESS);
        refused(Idr0.ADDRESS, Idr0.withS1p(idr0, 0), Errno.EOPNOTSUPP, "IDR0.S1P and S2P is 0");
        refused(Idr0.ADDRESS, Idr0.withTtf(idr0, Idr0.TTF_AARCH32), Errno.EOPNOTSUPP, "IDR0.TTF is 1");
        refused(Idr0.ADDRESS, Idr0.withTtendian(idr0, Idr0.TTENDIAN_BIG), Errno.EOPNOTSUPP, "IDR0.TTENDIAN is 3");
        refused(Idr0.ADDRESS, Idr0.withStallModel(idr0, 3), Errno.ENXIO, "IDR0.STALL_MODEL is 3");
        refused(Idr0.ADDRESS, Idr0.withStLevel(idr0, 2), Errno.ENXIO, "IDR0.ST_LEVEL is 2");
        refused(Idr1.ADDRESS, Idr1.withTablesPreset(idr1, 1), Errno.ENXIO, "IDR1.TABLES_PRESET is 1");
        refused(Idr1.ADDRESS, Idr1.withQueuesPreset(idr1, 1), Errno.ENXIO, "IDR1.QUEUES_PRESET is 1");
        refused(Idr1.ADDRESS, Idr1.withRel(idr1, 1), Errno.ENXIO, "IDR1.REL is 1");
        refused(Idr5.ADDRESS, 0, Errno.ENXIO, "IDR5.GRAN4K");
    }

    private void refused(long register, long value, Errno errno, String words) {
        long before = registers.get(register);
        registers.set(register, value);
        assertThatExceptionOfType(IommuException.class)
                .isThrownBy(() -> Features.identify(registers, Map.of()))
                .withMessageContaining(words)
                .satisfies(refusal -> assertThat(refusal.errno()).isEqualTo(errno));
        registers.set(register, before);
    }
}
