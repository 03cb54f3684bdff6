package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.sluice.smmuv3.arch.CmdTlbiNhAll;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;

/** A vector of a legal STE with a stage 2, after a read of which nothing is mapped. */
record VectorStage2(Vector vector, Smmu smmu, WatchedMemory watched) {
    private static final long IA = 0x1000;
    private static final long PAGE = 0x9800_0000L;

    void check(int outcome) {
        long[] ste = vector.input();
        boolean nested = StreamTableEntry.config(ste[0]) == StreamTableEntry.CONFIG_NESTED;
        long root = StreamTableEntry.s2ttb(ste[3]);
        assertThat(outcome).isEqualTo(Dma.ABORT);
        assertThat(watched.reads)
                .as("a walk of stage 2 began")
                .anyMatch(address -> address >= root && address < root + 0x10_0000);
        long[] event = smmu.events().get(0);
        assertThat(EvtFTranslation.eventID(event[0])).isEqualTo(EventId.F_TRANSLATION);
        assertThat(EvtFTranslation.s2(event[1])).isEqualTo(1);
        assertThat(EvtFTranslation.clazz(event[1]))
                .isEqualTo(nested ? EvtFTranslation.CLASS_CD : EvtFTranslation.CLASS_IN);
        assertThat(EvtFTranslation.ipa(event[3])).isEqualTo(nested ? Smmu.CONTEXTS : IA);
        if (vector.expected().contains("@")) {
            assertThat(watched.reads).contains(vector.expectedAfter("@"));
        }
        if (nested) {
            // one to one
            int granule = new int[] {12, 16, 14}[(int) StreamTableEntry.s2tg(ste[2])];
            int level = 3 - (int) StreamTableEntry.s2sl0(ste[2]) - (granule == 12 ? 1 : 0);
            long page = Smmu.CONTEXTS & -1L << granule;
            Tables.descend(smmu, root, granule, level, page, 3, page | Tables.S2_RW | 3);
            smmu.read(IA);
            assertThat(watched.reads).contains(Smmu.CONTEXTS);
            assertThat(smmu.eventNames()).containsExactly("C_BAD_CD");
        }
    }

    /** Entries of a stream with stage 1 alone belong to the VMID of its STE. */
    static void tagsByVmid(Smmu smmu, int vmid) {
        smmu.cd(0, Smmu.cdWord0(1), Smmu.ROOT);
        smmu.map(Smmu.ROOT, IA, PAGE, Tables.RW);
        assertThat(smmu.read(IA)).isEqualTo(Dma.OK);
        smmu.map(Smmu.ROOT, IA, PAGE + 0x1000, Tables.RW);
        smmu.command(CmdTlbiNhAll.withVmid(CmdTlbiNhAll.OPCODE_VALUE, vmid ^ 1), 0);
        assertThat(smmu.translate(Dma.NO_PASID, IA, 0).address()).isEqualTo(PAGE);
        smmu.command(CmdTlbiNhAll.withVmid(CmdTlbiNhAll.OPCODE_VALUE, vmid), 0);
        assertThat(smmu.translate(Dma.NO_PASID, IA, 0).address()).isEqualTo(PAGE + 0x1000);
    }
}
