package org.sluice.shell;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Explanation;
import org.sluice.spi.board.Explanation.Kind;
import org.sluice.spi.board.Explanation.Step;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.MemoryAttributes;
import org.sluice.spi.board.Translation;

class ExplanationTextTest {
    private static final List<Step> STEPS = List.of(
            new Step(Kind.STRUCTURE, "STE", 0x8800_1080L, List.of(0L), "STE V=1"),
            new Step(Kind.DESCRIPTOR, "stage 1 level 3", 0x8300_0008L, List.of(0x9400_0743L), "STAGE1_LEAF AF=1"),
            new Step(Kind.EVENT, "F_PERMISSION", 0, List.of(0x13L, 0L), "F_PERMISSION RnW=0"));

    @Test
    void everyStepIsALineWithWhatWasReadAndWhere() {
        Translation fault = new Translation(Translation.Outcome.FAULTED, 0, 0, "F_PERMISSION");
        List<String> lines = ExplanationText.lines(
                "main", new Explanation(0x42, 3, 0x1234, IommuModel.WRITE | Dma.PRIVILEGED, fault, null, STEPS));
        assertThat(lines)
                .containsExactly(
                        "main: stream 0x42, PASID 0x3, privileged write of 0x1234",
                        "  0x000088001080 STE                STE V=1",
                        "  0x000083000008 stage 1 level 3    0x0000000094000743 STAGE1_LEAF AF=1",
                        "  event      F_PERMISSION       0000000000000013 0000000000000000  F_PERMISSION RnW=0",
                        "  = faulted: F_PERMISSION");
    }

    @Test
    void anOutcomeSaysWhatGoesOn() {
        Translation translation = new Translation(Translation.Outcome.TRANSLATED, 0x9400_0234L, 4096, "");
        MemoryAttributes attributes =
                new MemoryAttributes(0xff, MemoryAttributes.Shareability.INNER, false, false, true);
        List<String> lines = ExplanationText.lines(
                "main", new Explanation(0x42, Dma.NO_PASID, 0x1234, Dma.EXECUTE, translation, attributes, List.of()));
        assertThat(lines)
                .containsExactly(
                        "main: stream 0x42, instruction fetch of 0x1234",
                        "  = translated to 0x94000234, type 0xff (Normal), inner shareable, unprivileged, instruction");
    }

    @Test
    void numbersAreDecimalOrHexadecimal() {
        assertThat(Numbers.parse("0xffff_0000_0000_1000")).isEqualTo(0xffff_0000_0000_1000L);
        assertThat(Numbers.parse("18446744073709551615")).isEqualTo(-1L);
        assertThat(Numbers.parse("0000:00:02.0")).isNull();
        assertThat(Numbers.parse("")).isNull();
    }
}
