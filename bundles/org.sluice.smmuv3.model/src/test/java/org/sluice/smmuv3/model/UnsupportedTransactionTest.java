package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EvtFUut;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.ExplainingModel;
import org.sluice.spi.board.Explanation;
import org.sluice.spi.board.IommuModel;

/** F_UUT: transactions that no SMMU here carries. */
class UnsupportedTransactionTest {
    private static final long IA = 0x1000;

    @ParameterizedTest
    @CsvSource({"0, 0x800000001", "1, 0xa00000001", "2, 0xc00000001", "256, 0x000000001", "259, 0x200000001"})
    void aFarAtomicAbortsAndIsRecordedAsTheDeviceSentIt(int flags, long word1) {
        Smmu smmu = Smmu.translating();
        // privileged and data, whatever the device says
        long overrides = StreamTableEntry.withPrivcfg(0, 3) | StreamTableEntry.withInstcfg(0, 2);
        smmu.ste(Smmu.SID, Smmu.stage1Word0(0), overrides);
        smmu.map(Smmu.ROOT, IA, 0x9800_0000L, Tables.RW);
        byte[] data = {1, 2, 3, 4, 5, 6, 7, 8};
        assertThat(smmu.model.transact(Smmu.SID, 5, IA + 8, flags | Dma.ATOMIC, data, 0, 8))
                .isEqualTo(Dma.ABORT);
        assertThat(smmu.events()).containsExactly(new long[] {
            EvtFUut.withSsv(EvtFUut.withSubstreamID(0x42_0000_0001L, 5), 1), word1, IA + 8, 0
        });
        assertThat(data).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
        assertThat(smmu.counter("ste.fetch")).isZero();
        assertThat(smmu.counter("transaction")).isEqualTo(1);
        assertThat(smmu.counter("fault")).isEqualTo(1);
    }

    @Test
    void alsoAnSmmuThatIsOffTellsOfIt() {
        Smmu smmu = Smmu.translating();
        smmu.registers.write32(Cr0.ADDRESS, (int) (Cr0.CMDQEN_MASK | Cr0.EVENTQEN_MASK));
        assertThat(smmu.read(Dma.NO_PASID, 0x9800_0000L, new byte[4], 0)).isEqualTo(Dma.OK);
        assertThat(smmu.read(Dma.NO_PASID, 0x9800_0000L, new byte[4], Dma.ATOMIC))
                .isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly("F_UUT");
        smmu.model.close();
        assertThat(smmu.read(Dma.NO_PASID, 0x9800_0000L, new byte[4], Dma.ATOMIC))
                .isEqualTo(Dma.ABORT);
        assertThat(smmu.events()).isEmpty();
    }

    @Test
    void whoAsksIsToldWhy() {
        Smmu smmu = Smmu.translating();
        int flags = Dma.ATOMIC | IommuModel.WRITE;
        assertThat(smmu.translate(Dma.NO_PASID, IA, flags).reason()).isEqualTo("F_UUT");
        assertThat(smmu.events()).isEmpty();
        Explanation asked = smmu.explain(IA, flags);
        List<Explanation> heard = new ArrayList<>();
        ((ExplainingModel) smmu.model).listen(heard::add);
        smmu.model.transact(Smmu.SID, Dma.NO_PASID, IA, flags, new byte[4], 0, 4);
        for (Explanation explanation : List.of(asked, heard.get(0))) {
            assertThat(explanation.translation().reason()).isEqualTo(EventId.name(EventId.F_UUT));
            assertThat(explanation.steps().toString()).contains("atomic", "F_UUT");
        }
    }
}
