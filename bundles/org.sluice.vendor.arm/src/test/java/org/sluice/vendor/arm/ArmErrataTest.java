package org.sluice.vendor.arm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv3Hooks;

/** Which revisions each erratum concerns: both sides of every limit, and implementations of others. */
class ArmErrataTest {
    private static final List<Smmuv3Hooks> ALL =
            List.of(new WakeEventErratum(), new NestingErratum(), new CommandQueueErratum(), new BroadcastErratum());

    /** IIDR is PRODUCT, VARIANT, REV, IMPLEMENTER. */
    @ParameterizedTest
    @CsvSource({
        "0x4830043b, 1076982 1209401",
        "0x4830243b, 1076982 1209401",
        "0x4830343b, 1209401",
        "0x4831043b, 1209401",
        "0x4832043b, ''",
        "0x4870043b, '2268618, 2812531 3878312, 3995052'",
        "0x4871043b, '2268618, 2812531 3878312, 3995052'",
        "0x4871143b, '3878312, 3995052'",
        "0x4872143b, '3878312, 3995052'",
        "0x48a0043b, '3878312, 3995052'",
        "0x4980043b, '3878312, 3995052'",
        "0x4830043c, ''",
        "0x4880043b, ''",
        "0x00000000, ''"
    })
    void eachErratumConcernsItsRevisions(String iidr, String expected) {
        List<String> matching = new ArrayList<>();
        for (Smmuv3Hooks hooks : ALL) {
            hooks.match(identity(Long.decode(iidr).intValue(), "arm,smmu-v3"))
                    .ifPresent(reason -> matching.add(hooks.name().replace("Arm erratum ", "")));
        }
        assertThat(String.join(" ", matching)).isEqualTo(expected);
    }

    @Test
    void reasonNamesTheRegisterAndWhatItMeans() {
        assertThat(ALL.get(0).match(identity(0x4830243b, "arm,smmu-v3"))).hasValue("IIDR 0x4830243b is MMU-600 r0p2");
    }

    @Test
    void otherArchitecturesAreNotConcerned() {
        assertThat(ALL)
                .allMatch(hooks ->
                        hooks.match(identity(0x4830043b, "arm,mmu-500")).isEmpty());
    }

    @Test
    void eachRemovesWhatDoesNotWorkAndNothingElse() {
        assertThat(new WakeEventErratum().idRegister(Idr0.ADDRESS, -1)).isEqualTo((int) ~Idr0.SEV_MASK);
        assertThat(new WakeEventErratum().idRegister(Idr1.ADDRESS, -1)).isEqualTo(-1);
        assertThat(new BroadcastErratum().idRegister(Idr0.ADDRESS, -1)).isEqualTo((int) ~Idr0.BTM_MASK);
        assertThat(new CommandQueueErratum().commandsBeforeSync()).isEqualTo(63);
        assertThat(new BroadcastErratum().commandsBeforeSync()).isEqualTo(Smmuv3Hooks.UNLIMITED);
        assertThat(ALL).filteredOn(hooks -> !hooks.hasNesting()).containsExactly(ALL.get(1), ALL.get(2));
    }

    private static HardwareIdentity identity(int iidr, String compatible) {
        return new HardwareIdentity("smmu0", compatible, iidr, Map.of());
    }
}
