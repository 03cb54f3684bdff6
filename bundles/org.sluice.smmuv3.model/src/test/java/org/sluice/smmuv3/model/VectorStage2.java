package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.sluice.smmuv3.arch.CmdTlbiNhAll;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;

/** A vector of a legal STE with a stage 2, after a read of which nothing is mapped. */
record VectorStage2(Vector vector, Smmu smmu, WatchedMemory watched) {
    private static final long PAGE = 0x9800_0000L;

    void check(int outcome) {
        long[] ste = vector.input();
        boolean fetchesContext =
                StreamTableEntry.config(ste[0]) == StreamTableEntry.CONFIG_NESTED && !vector.says(Phrase.BYPASSED);
        boolean stalls = StreamTableEntry.s2s(ste[2]) != 0;
        int granule = new int[] {12, 16, 14, 0}[(int) StreamTableEntry.s2tg(ste[2])];
        long root = root(ste, granule);
        assertThat(outcome).isEqualTo(Dma.ABORT);
        assertThat(watched.reads)
                .as("a walk of stage 2 began at 0x%x", root)
                .anyMatch(address -> address >= root && address < root + 0x10_0000);
        List<long[]> events = smmu.events();
        if (StreamTableEntry.s2r(ste[2]) == 0 && !stalls) {
            assertThat(events).isEmpty();
            return;
        }
        boolean twoLevel = vector.says(Phrase.FIRST_LEVEL);
        long context = twoLevel ? vector.expectedAfter("@").orElseThrow() : VectorStream.context(vector);
        long ipa = fetchesContext ? context : vector.stimulus("ia", VectorStream.IA);
        long[] event = events.get(0);
        assertThat(EvtFTranslation.eventID(event[0])).isEqualTo(EventId.F_TRANSLATION);
        assertThat(EvtFTranslation.stall(event[1])).isEqualTo(stalls ? 1 : 0);
        assertThat(EvtFTranslation.s2(event[1])).isEqualTo(1);
        assertThat(EvtFTranslation.clazz(event[1]))
                .isEqualTo(fetchesContext ? EvtFTranslation.CLASS_CD : EvtFTranslation.CLASS_IN);
        assertThat(EvtFTranslation.ipa(event[3])).isEqualTo(ipa & EvtFTranslation.IPA_MASK);
        if (fetchesContext && !stalls) {
            // one to one
            long page = context & -1L << granule;
            Tables.descend(smmu, root, granule, startLevel(ste, granule), page, 3, page | Tables.S2_RW | 3);
            VectorStream.access(vector, smmu, VectorStream.IA);
            assertThat(watched.reads).contains(context);
            long[] next = smmu.events().get(0);
            assertThat(EvtFTranslation.eventID(next[0])).isEqualTo(twoLevel ? EventId.F_TRANSLATION : EventId.C_BAD_CD);
            // the second level is not mapped
            long leaf = VectorStream.context(vector) & EvtFTranslation.IPA_MASK;
            assertThat(EvtFTranslation.ipa(next[3])).isEqualTo(twoLevel ? leaf : 0);
        }
    }

    // S2SL0 as VMSAv8-64 has it, with S2SL0_2 above it where there is S2DS
    private static int startLevel(long[] ste, int granule) {
        long ds = granule == 16 ? 0 : StreamTableEntry.s2ds(ste[3]);
        int encoded = (int) (StreamTableEntry.s2sl0(ste[2]) | (ds == 0 ? 0 : StreamTableEntry.s2sl02(ste[3]) << 2));
        if (granule == 12) {
            return encoded == 3 ? 3 : encoded == 4 ? -1 : 2 - encoded;
        }
        return 3 - encoded;
    }

    /** S2TTB, aligned to the table or the tables that stand side by side. */
    private static long root(long[] ste, int granule) {
        int inputBits = 64 - (int) StreamTableEntry.s2t0sz(ste[2]);
        int resolved = granule + (3 - startLevel(ste, granule)) * (granule - 3);
        long bytes = 8L << Math.max(1, inputBits - resolved);
        return StreamTableEntry.s2ttb(ste[3]) & -bytes;
    }

    /** Entries of a stream with stage 1 alone belong to the VMID of its STE. */
    static void tagsByVmid(Smmu smmu, int vmid) {
        long iova = VectorStream.IA;
        smmu.cd(0, Smmu.cdWord0(1), Smmu.ROOT);
        smmu.map(Smmu.ROOT, iova, PAGE, Tables.RW);
        assertThat(smmu.read(iova)).isEqualTo(Dma.OK);
        smmu.map(Smmu.ROOT, iova, PAGE + 0x1000, Tables.RW);
        smmu.command(CmdTlbiNhAll.withVmid(CmdTlbiNhAll.OPCODE_VALUE, vmid ^ 1), 0);
        assertThat(smmu.translate(Dma.NO_PASID, iova, 0).address()).isEqualTo(PAGE);
        smmu.command(CmdTlbiNhAll.withVmid(CmdTlbiNhAll.OPCODE_VALUE, vmid), 0);
        assertThat(smmu.translate(Dma.NO_PASID, iova, 0).address()).isEqualTo(PAGE + 0x1000);
    }
}
