package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Gbpa;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.ExplainingModel;
import org.sluice.spi.board.Explanation;
import org.sluice.spi.board.Explanation.Kind;
import org.sluice.spi.board.Explanation.Step;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.Translation;

/** An explanation names what was read, where, and what decided. */
class ExplainTest {
    private static final long PAGE = 0x9400_0000L;

    private static List<String> subjects(Explanation explanation) {
        return explanation.steps().stream().map(Step::subject).toList();
    }

    private static List<Step> of(Explanation explanation, Kind kind) {
        return explanation.steps().stream().filter(step -> step.kind() == kind).toList();
    }

    @Test
    void aTranslationNamesRegistersStructuresAndEveryDescriptorWithItsAddress() {
        Smmu smmu = Smmu.translating();
        long leaf = Tables.map(smmu, Smmu.ROOT, 12, 48, 0x1234, 3, PAGE | Tables.RW | 3);
        Explanation explanation = smmu.explain(0x1234, 0);
        assertThat(subjects(explanation))
                .containsExactly(
                        "CR0",
                        "STRTAB_BASE",
                        "STRTAB_BASE_CFG",
                        "STE",
                        "CD",
                        "stage 1 level 0",
                        "stage 1 level 1",
                        "stage 1 level 2",
                        "stage 1 level 3");
        Step ste = of(explanation, Kind.STRUCTURE).get(0);
        assertThat(ste.address()).isEqualTo(Smmu.STREAMS + Smmu.SID * 64L);
        assertThat(ste.words()).hasSize(8).first().isEqualTo(Smmu.stage1Word0(0));
        assertThat(ste.text()).contains("Config=");
        List<Step> descriptors = of(explanation, Kind.DESCRIPTOR);
        assertThat(descriptors.get(0).address()).isEqualTo(Smmu.ROOT);
        assertThat(descriptors.get(3).address()).isEqualTo(leaf);
        assertThat(descriptors.get(3).words()).containsExactly(PAGE | Tables.RW | 3);
        assertThat(explanation.translation())
                .isEqualTo(new Translation(Translation.Outcome.TRANSLATED, PAGE | 0x234, 4096, ""));
    }

    @Test
    void cachesThatAnsweredAreNamedInsteadOfReads() {
        Smmu smmu = Smmu.translating();
        smmu.map(Smmu.ROOT, 0x1000, PAGE, Tables.RW);
        smmu.read(0x1000);
        Explanation explanation = smmu.explain(0x1008, 0);
        assertThat(of(explanation, Kind.CACHE))
                .extracting(Step::subject)
                .containsExactly("configuration cache", "TLB of stage 1");
        assertThat(of(explanation, Kind.DESCRIPTOR)).isEmpty();
        // what changed behind the cache is not what a transaction meets
        smmu.map(Smmu.ROOT, 0x1000, 0x9600_0000L, Tables.RW);
        assertThat(smmu.explain(0x1008, 0).translation().address()).isEqualTo(PAGE | 8);
    }

    @Test
    void aFaultNamesItsRuleItsPolicyAndTheEventAsItWouldBeRecorded() {
        Smmu smmu = Smmu.translating();
        Explanation explanation = smmu.explain(0x5000, IommuModel.WRITE);
        assertThat(explanation.translation().reason()).isEqualTo("F_TRANSLATION");
        assertThat(explanation.attributes()).isNull();
        assertThat(of(explanation, Kind.RULE))
                .extracting(Step::text)
                .anySatisfy(text -> assertThat(text).contains("invalid"))
                .anySatisfy(text -> assertThat(text).contains("aborts"));
        // no trace is left of asking; then the event is what was announced
        assertThat(smmu.events()).isEmpty();
        smmu.write(0x5000);
        long[] recorded = smmu.events().get(0);
        assertThat(of(explanation, Kind.EVENT).get(0).words())
                .containsExactly(recorded[0], recorded[1], recorded[2], recorded[3]);
    }

    @Test
    void whatIsWrongWithAnEntryIsSaid() {
        Smmu smmu = Smmu.on().ste(Smmu.SID, 0);
        assertThat(of(smmu.explain(0x1000, 0), Kind.RULE))
                .extracting(Step::text)
                .containsExactly("V is 0");
        smmu.stage1(0, 0).cd(0, 0);
        assertThat(subjects(smmu.explain(0x1000, 0))).endsWith("CD", "CD", "C_BAD_CD");
        assertThat(((ExplainingModel) smmu.model)
                        .explain(0x1_0000, Dma.NO_PASID, 0, 0)
                        .steps())
                .extracting(Step::text)
                .anySatisfy(text -> assertThat(text).contains("does not fit the stream table"));
    }

    @Test
    void nestedWalksNameBothStages() {
        Smmu smmu = Smmu.on().stage2(StreamTableEntry.CONFIG_NESTED, 7);
        smmu.identity2(2);
        smmu.cd(0, Smmu.cdWord0(1), Smmu.ROOT);
        smmu.map(Smmu.ROOT, 0x1000, 0x8000_0000L, Tables.RW);
        List<String> subjects = subjects(smmu.explain(0x1000, 0));
        // CD, four tables and the address itself go through a stage 2 of one gigabyte
        assertThat(subjects.stream().filter("stage 2 level 1"::equals)).hasSize(6);
        assertThat(subjects.stream().filter(each -> each.startsWith("stage 1 level")))
                .hasSize(4);
    }

    @Test
    void anSmmuThatIsOffIsExplainedByGbpa_R46() {
        Smmu smmu = Smmu.reset();
        assertThat(subjects(smmu.explain(0x1000, 0))).containsExactly("CR0", "GBPA", "CR0");
        smmu.registers.write32(Gbpa.ADDRESS, (int) (Gbpa.UPDATE_MASK | Gbpa.ABORT_MASK));
        assertThat(smmu.explain(0x1000, 0).translation().outcome()).isEqualTo(Translation.Outcome.ABORTED);
    }

    @Test
    void whileSomebodyListensEveryTransactionIsExplainedAsItHappens() {
        Smmu smmu = Smmu.translating();
        long cd = ContextDescriptor.withR(Smmu.cdWord0(1), 0);
        smmu.map(Smmu.ROOT, 0x1000, PAGE, Tables.RW);
        List<Explanation> heard = new ArrayList<>();
        ((ExplainingModel) smmu.model).listen(heard::add);
        assertThat(smmu.read(0x1000)).isEqualTo(Dma.OK);
        assertThat(smmu.read(0x1000)).isEqualTo(Dma.OK);
        assertThat(smmu.read(0x2000)).isEqualTo(Dma.ABORT);
        ((ExplainingModel) smmu.model).listen(null);
        smmu.cd(0, cd);
        smmu.read(0x2000);
        assertThat(heard).hasSize(3);
        assertThat(of(heard.get(0), Kind.DESCRIPTOR)).hasSize(4);
        assertThat(of(heard.get(1), Kind.CACHE)).hasSize(2);
        assertThat(heard.get(1).translation().address()).isEqualTo(PAGE);
        assertThat(heard.get(2).translation().reason()).isEqualTo("F_TRANSLATION");
        long[] recorded = smmu.events().get(0);
        assertThat(of(heard.get(2), Kind.EVENT).get(0).words())
                .containsExactly(recorded[0], recorded[1], recorded[2], recorded[3]);
        // the explained transactions filled and counted as others do
        assertThat(smmu.counter("tlb.hit")).isEqualTo(1);
        assertThat(smmu.counter("transaction")).isEqualTo(4);
    }
}
