package org.sluice.board.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.MemoryRegion;

class QemuConfigTest {
    private static Map<String, Object> valid() {
        return new HashMap<>(Map.of(
                "name",
                "q",
                "memory",
                "0x40000000+0x10000000",
                "pool",
                "0x44000000+0x1000000",
                "endpoints",
                new String[] {"disk;sid=0x10", "net;sid=24;group=2"}));
    }

    @Test
    void unnamedPropertiesHaveTheirDefaults() {
        QemuConfig config = QemuConfig.parse(valid());
        assertThat(config.binary()).isEqualTo("qemu-system-aarch64");
        assertThat(config.socket()).isEmpty();
        assertThat(config.stage()).isEmpty();
        assertThat(config.iommuName()).isEqualTo("smmu0");
        assertThat(config.memory()).isEqualTo(new MemoryRegion(0x4000_0000L, 0x1000_0000L));
        assertThat(config.endpoints())
                .isEqualTo(List.of(new EndpointConfig("disk", 0x10, "", -1), new EndpointConfig("net", 24, "", 2)));
    }

    @Test
    void propertiesOfTheContainerAreNotOurs() {
        Map<String, Object> properties = valid();
        properties.put("service.pid", "org.sluice.board.qemu~1");
        assertThat(QemuConfig.parse(properties).name()).isEqualTo("q");
    }

    @ParameterizedTest
    @CsvSource({
        "name, '', a board needs it",
        "memory, 0x50000000+0x10000000, begins at 0x40000000",
        "memory, 0x40000000+0x1000, multiple of 1 MiB",
        "pool, 0x60000000+0x1000, inside memory",
        "endpoints, disk, needs a StreamID",
        "endpoints, disk;sid=7, 8 to 255",
        "endpoints, disk;sid=0x100, 8 to 255",
        "endpoints, disk;sid=8;pasids=3, no PASIDs",
        "iommu.stage, 3, 'known are 1, 2 and nested'",
        "inject, skip-tlbi, known are",
    })
    void whatCannotBeIsRefusedInWords(String key, String value, String reason) {
        Map<String, Object> properties = valid();
        properties.put(key, value);
        assertThatThrownBy(() -> QemuConfig.parse(properties))
                .isInstanceOf(IommuException.class)
                .hasMessageStartingWith("EINVAL")
                .hasMessageContaining(reason);
    }

    @Test
    void memoryIsOneRegionHoweverItIsSpelled() {
        Map<String, Object> properties = valid();
        properties.put("memory", new String[] {"0x40000000+0x10000000"});
        assertThat(QemuConfig.parse(properties).memory().size()).isEqualTo(0x1000_0000L);
        properties.put("memory", new String[] {"0x40000000+0x10000000", "0x80000000+0x10000000"});
        assertThatThrownBy(() -> QemuConfig.parse(properties)).hasMessageContaining("one region");
        properties.remove("memory");
        assertThatThrownBy(() -> QemuConfig.parse(properties)).hasMessageContaining("memory");
    }

    @Test
    void namesAndStreamsAreUnique() {
        Map<String, Object> properties = valid();
        properties.put("endpoints", new String[] {"a;sid=8", "a;sid=9"});
        assertThatThrownBy(() -> QemuConfig.parse(properties)).hasMessageContaining("name is taken");
        properties.put("endpoints", new String[] {"a;sid=8", "b;sid=8"});
        assertThatThrownBy(() -> QemuConfig.parse(properties)).hasMessageContaining("StreamID is taken");
    }
}
