package org.sluice.vendor.hisilicon;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.quirk.HardwareIdentity;

class HisiliconTest {
    @Test
    void firmwareSaysWhetherPrefetchesWork() {
        PrefetchErratum erratum = new PrefetchErratum();
        assertThat(erratum.hasPrefetch()).isFalse();
        assertThat(erratum.match(identity(Map.of("hisilicon,broken-prefetch-cmd", ""))))
                .hasValue("firmware says hisilicon,broken-prefetch-cmd");
        assertThat(erratum.match(identity(Map.of("iort-model", "1")))).hasValue("iort-model is 1");
        assertThat(erratum.match(identity(Map.of("iort-model", "2")))).isEmpty();
        assertThat(erratum.match(identity(Map.of()))).isEmpty();
    }

    @Test
    void namedDevicesPassAndOthersDoNotHaveTo() {
        TraceDevice hooks = new TraceDevice();
        HardwareIdentity identity = identity(Map.of(TraceDevice.PROPERTY, "0000:75:00.0, 0000:f5:00.0"));
        assertThat(hooks.match(identity)).isPresent();
        assertThat(hooks.match(identity(Map.of()))).isEmpty();
        assertThat(hooks.forcesIdentity(identity, device("0000:f5:00.0"))).isTrue();
        assertThat(hooks.forcesIdentity(identity, device("0000:f5:00.1"))).isFalse();
        assertThat(hooks.forcesIdentity(identity(Map.of()), device(""))).isFalse();
    }

    private static DeviceRecord device(String name) {
        return new DeviceRecord(name, List.of(1), 0);
    }

    private static HardwareIdentity identity(Map<String, String> properties) {
        return new HardwareIdentity("smmu0", "arm,smmu-v3", 0, properties);
    }
}
