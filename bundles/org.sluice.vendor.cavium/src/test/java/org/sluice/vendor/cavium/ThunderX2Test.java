package org.sluice.vendor.cavium;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.arch.Idr5;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv3Hooks;

class ThunderX2Test {
    private static final List<Smmuv3Hooks> ALL = List.of(new PageOneErratum(), new InterruptErratum());

    @Test
    void firmwareSaysWhichSmmuIsConcerned() {
        for (Smmuv3Hooks hooks : ALL) {
            assertThat(hooks.match(identity(Map.of("cavium,cn9900-broken-page1-regspace", ""))))
                    .hasValue("firmware says cavium,cn9900-broken-page1-regspace");
            assertThat(hooks.match(identity(Map.of("iort-model", "2")))).hasValue("iort-model is 2");
            assertThat(hooks.match(identity(Map.of("iort-model", "1")))).isEmpty();
            assertThat(hooks.match(identity(Map.of()))).isEmpty();
        }
    }

    @Test
    void secondPageIsTheFirst() {
        assertThat(ALL.get(0).registerOffset(EventqProd.ADDRESS)).isEqualTo(0xa8);
        assertThat(ALL.get(0).registerOffset(Idr5.ADDRESS)).isEqualTo(Idr5.ADDRESS);
        assertThat(ALL.get(1).registerOffset(EventqProd.ADDRESS)).isEqualTo(EventqProd.ADDRESS);
    }

    @Test
    void oneLineStandsForAll() {
        assertThat(ALL.get(1).interruptLine("eventq")).isEqualTo("combined");
        assertThat(ALL.get(0).interruptLine("eventq")).isEqualTo("eventq");
    }

    private static HardwareIdentity identity(Map<String, String> properties) {
        return new HardwareIdentity("smmu0", "arm,smmu-v3", 0, properties);
    }
}
