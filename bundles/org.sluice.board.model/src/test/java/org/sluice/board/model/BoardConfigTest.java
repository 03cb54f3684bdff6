package org.sluice.board.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.DmaLimits;
import org.sluice.api.IommuException;
import org.sluice.api.ReservedRegion;
import org.sluice.spi.board.DmaProperties;
import org.sluice.spi.memory.MemoryRegion;

class BoardConfigTest {
    private static Map<String, Object> properties(Object... more) {
        Map<String, Object> properties = new HashMap<>(Map.of(
                "name", "bench", "memory", new String[] {"0x40000000+0x10000000"}, "pool", "0x48000000+0x1000000"));
        for (int i = 0; i < more.length; i += 2) {
            properties.put((String) more[i], more[i + 1]);
        }
        return properties;
    }

    @Test
    void everyPropertyIsRead() {
        BoardConfig config = BoardConfig.parse(properties(
                "memory",
                List.of("0x40000000+0x10000000", "4294967296+65536"),
                "iommu.name",
                "smmu7",
                "iommu.profile",
                "qemu-7.2",
                "iommu.idr0.CD2L",
                1,
                "endpoints",
                "0000:00:02.0;sid=0x10,0x11;pasids=10;compatible=qcom,adreno;group=3",
                "inject",
                "stale-cd",
                "service.pid",
                "whatever the container says"));

        assertThat(config.memory())
                .containsExactly(new MemoryRegion(0x4000_0000L, 0x1000_0000L), new MemoryRegion(1L << 32, 65536));
        assertThat(config.pool()).isEqualTo(new MemoryRegion(0x4800_0000L, 0x100_0000L));
        assertThat(config.iommuName()).isEqualTo("smmu7");
        assertThat(config.modelProperties()).isEqualTo(Map.of("profile", "qemu-7.2", "idr0.CD2L", 1));
        assertThat(config.endpoints())
                .containsExactly(new EndpointConfig(
                        "0000:00:02.0",
                        List.of(0x10, 0x11),
                        10,
                        "qcom,adreno",
                        3,
                        0,
                        false,
                        false,
                        false,
                        false,
                        false));
        assertThat(config.injection()).isEqualTo(Injection.STALE_CD);
    }

    @Test
    void anEndpointNeedsOnlyAStreamId() {
        assertThat(EndpointConfig.parse("dma0;sid=0xffffffff"))
                .isEqualTo(new EndpointConfig("dma0", List.of(-1), 0, "", -1, 0, false, false, false, false, false));
    }

    @Test
    void anEndpointMayHaveADeviceTlbPageRequestsAndDefects() {
        assertThat(EndpointConfig.parse("nic;sid=1;ats=64;pri=true;pasid-in-response=true;mute=true;stall=true"))
                .isEqualTo(new EndpointConfig("nic", List.of(1), 0, "", -1, 64, true, true, true, false, true));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "dma0 | endpoint dma0: sid is '': an endpoint needs at least one StreamID",
                "dma0;sid=x | endpoint dma0: sid is 'x': it must be a number, decimal or hexadecimal with 0x",
                "dma0;sid=0x100000000 | endpoint dma0: sid is '0x100000000': it must be from 0 to 4294967295",
                "dma0;sid=1;pasids=21 | endpoint dma0: pasids is '21': it must be from 0 to 20",
                "dma0;sid=1;color=red | endpoint dma0: color is 'red': known keys are [ats, below-4g-first, coherent, compatible",
                "dma0;sid=1;ats=3 | endpoint dma0: ats is '3': it must be 0 or a power of two",
                "dma0;sid=1;ats=4;secure=true | endpoint dma0: secure is 'true': Secure streams have no ATS",
                "dma0;sid=1;pri=true | endpoint dma0: pri is 'true': page requests take ATS",
                "dma0;sid=1;ats=4;pri=yes | endpoint dma0: pri is 'yes': it must be true or false",
                "dma0;sid=1;pri-pages=0 | endpoint dma0: pri-pages is '0': it must be from 1 to 512",
                ";sid=1 | endpoint is ';sid=1': it must begin with a name",
            })
    void anErrorNamesEndpointKeyAndValue(String endpoint, String message) {
        assertThatThrownBy(() -> EndpointConfig.parse(endpoint))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource({
        "pool, 0x10000000+0x1000, pool is",
        "pool, 0x4ff00000+0x1000000, it must lie inside one region of memory",
        "memory, 0x40000000, it must be base+size",
        "inject, magic, 'known are [none, skip-tlbi, wrong-pa, stale-cd, drop-sync, swap-ssid]'",
        "colour, red, colour is 'red'",
        "name, '', a board needs it"
    })
    void anErrorNamesThePropertyAndItsLimit(String property, String value, String message) {
        assertThatThrownBy(() -> BoardConfig.parse(properties(property, value)))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining(message);
    }

    @Test
    void twoEndpointsOfOneNameAreRejected() {
        assertThatThrownBy(() -> BoardConfig.parse(properties("endpoints", new String[] {"dma0;sid=1", "dma0;sid=2"})))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("dma0");
    }

    @Test
    void whatFirmwareSaysOfDmaIsRead() {
        DmaProperties dma = EndpointConfig.parse(
                        "nic;sid=1;coherent=false;untrusted=true;dma-bits=32;below-4g-first=true;"
                                + "reserved=direct:0x88000000+0x2000,msi:0xfee00000+0x100000")
                .dma();
        assertThat(dma.coherent()).isFalse();
        assertThat(dma.untrusted()).isTrue();
        assertThat(dma.limits()).isEqualTo(DmaLimits.NONE.withAddressBits(32).withBelow4GFirst());
        assertThat(dma.reserved().stream().map(ReservedRegion::line))
                .containsExactly(
                        "0x0000000088000000 0x0000000088001fff direct", "0x00000000fee00000 0x00000000feefffff msi");
        assertThat(EndpointConfig.parse("nic;sid=1").dma()).isEqualTo(DmaProperties.ORDINARY);
        assertThatThrownBy(() -> EndpointConfig.parse("nic;sid=1;reserved=0x1000+0x1000"))
                .hasMessageContaining("endpoint nic: reserved")
                .hasMessageContaining("direct-relaxable");
        assertThatThrownBy(() -> EndpointConfig.parse("nic;sid=1;dma-bits=8")).hasMessageContaining("from 12 to 64");
        assertThatThrownBy(() -> EndpointConfig.parse("nic;sid=1;coherent=maybe"))
                .hasMessageContaining("true or false");
    }
}
