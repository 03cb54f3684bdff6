package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Words of Linux's commands: linux-iommu.md section 3.4, and the captured command queues. */
class CommandTest {
    @Test
    void cfgiSte() {
        assertThat(Command.cfgiSte(0x42)).isEqualTo(0x0000004200000003L);
        assertThat(Command.cfgiSteLeaf(true)).isEqualTo(1);
        assertThat(Command.cfgiSteLeaf(false)).isZero();
    }

    @Test
    void streamIdWithTopBitIsNotSignExtended() {
        assertThat(Command.cfgiSte(0x80000001)).isEqualTo(0x8000000100000003L);
    }

    @Test
    void cfgiAll() {
        assertThat(Command.cfgiAll()).isEqualTo(4);
        assertThat(Command.cfgiAllRange()).isEqualTo(0x1f);
    }

    @Test
    void cfgiCd() {
        assertThat(Command.cfgiCd(0x42, 5)).isEqualTo(0x0000004200005005L);
        assertThat(Command.cfgiCdLeaf(true)).isEqualTo(1);
    }

    @Test
    void tlbi() {
        assertThat(Command.tlbiNsnhAll()).isEqualTo(0x30);
        assertThat(Command.tlbiEl2All()).isEqualTo(0x20);
        assertThat(Command.tlbiNhAsid(1)).isEqualTo(0x0001000000000011L);
        assertThat(Command.tlbiNhVa(7, 0, 0)).isEqualTo(0x0007000000000012L);
        assertThat(Command.tlbiNhVaAddress(0x1000, true, 1, 3)).isEqualTo(0x1701);
        assertThat(Command.tlbiNhVaAddress(0xffffc000L, true, 1, 3)).isEqualTo(0x00000000ffffc701L);
    }

    @Test
    void syncSignalsAnEvent() {
        assertThat(Command.sync()).isEqualTo(0x000000000fc02046L);
        assertThat(Command.silentSync()).isEqualTo(0x46);
    }

    @Test
    void resume() {
        assertThat(Command.resume(0x42, true)).isEqualTo(0x0000004200001044L);
        assertThat(Command.resumeTag(9)).isEqualTo(9);
        assertThat(Command.resume(0x42, false)).isEqualTo(0x0000004200002044L);
    }
}
