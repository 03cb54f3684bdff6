package org.sluice.smmuv3.arch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Command words of Linux's arm-smmu-v3 driver, written from their fields. */
class LinuxCommandsTest {
    @Test
    void cfgiSte() {
        long word0 = CmdCfgiSte.withStreamID(CmdCfgiSte.withOpcode(0, CmdCfgiSte.OPCODE_VALUE), 0x42);

        assertThat(word0).isEqualTo(0x0000004200000003L);
        assertThat(CmdCfgiSte.withLeaf(0, 1)).isEqualTo(1);
    }

    @Test
    void cfgiAll() {
        assertThat(CmdCfgiSteRange.withOpcode(0, CmdCfgiSteRange.OPCODE_VALUE)).isEqualTo(4);
        assertThat(CmdCfgiSteRange.withRange(0, CmdCfgiSteRange.RANGE_ALL)).isEqualTo(0x1f);
    }

    @Test
    void cfgiCd() {
        long word0 = CmdCfgiCd.withOpcode(0, CmdCfgiCd.OPCODE_VALUE);
        word0 = CmdCfgiCd.withSubstreamID(CmdCfgiCd.withStreamID(word0, 0x42), 5);

        assertThat(word0).isEqualTo(0x0000004200005005L);
    }

    @Test
    void tlbiNhVaOfOnePage() {
        long word0 = CmdTlbiNhVa.withAsid(CmdTlbiNhVa.withOpcode(0, CmdTlbiNhVa.OPCODE_VALUE), 7);
        long word1 = CmdTlbiNhVa.withAddr(0, 0x1000);
        word1 = CmdTlbiNhVa.withTtl(CmdTlbiNhVa.withLeaf(word1, 1), 3);
        word1 = CmdTlbiNhVa.withTg(word1, CmdTlbiNhVa.TG_4K);

        assertThat(word0).isEqualTo(0x0007000000000012L);
        assertThat(word1).isEqualTo(0x1701);
    }

    @Test
    void atcInvOfEverything() {
        long word0 = CmdAtcInv.withStreamID(CmdAtcInv.withOpcode(0, CmdAtcInv.OPCODE_VALUE), 0x42);

        assertThat(word0).isEqualTo(0x0000004200000040L);
        assertThat(CmdAtcInv.withSize(0, CmdAtcInv.SIZE_ALL)).isEqualTo(0x34);
    }

    @Test
    void resumeWithRetry() {
        long word0 = CmdResume.withStreamID(CmdResume.withOpcode(0, CmdResume.OPCODE_VALUE), 0x42);

        assertThat(CmdResume.withResp(word0, CmdResume.RESP_RETRY)).isEqualTo(0x0000004200001044L);
        assertThat(CmdResume.withAc(word0, 1)).isEqualTo(0x0000004200001044L);
        assertThat(CmdResume.withStag(0, 9)).isEqualTo(9);
    }

    @Test
    void syncWithEventAndWithMessage() {
        long word0 = CmdSync.withOpcode(0, CmdSync.OPCODE_VALUE);
        word0 = CmdSync.withMsh(word0, CmdSync.MSH_INNER_SHAREABLE);
        word0 = CmdSync.withMsiAttr(word0, 0xf);

        assertThat(CmdSync.withCs(word0, CmdSync.CS_SEV)).isEqualTo(0x000000000fc02046L);
        assertThat(CmdSync.withCs(word0, CmdSync.CS_IRQ)).isEqualTo(0x000000000fc01046L);
        assertThat(CmdSync.withMsiAddress(0, 0x80001000L)).isEqualTo(0x80001000L);
    }

    @Test
    void commandPrintsAsOneLine() {
        assertThat(CmdTlbiNhVa.LAYOUT.describe(new long[] {0x0007000000000012L, 0x1701}, 0))
                .isEqualTo("TLBI_NH_VA Opcode=18 ASID=0x7 Leaf=1 TTL=3 TG=4K Addr=0x1000");
    }
}
