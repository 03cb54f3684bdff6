package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.memory.ResidentMemoryFactory;

/** The oracle itself: what it takes for right and what not. */
class ExpectedTest {
    private static final long PAGE = 4096;
    private static final long BLOCK = 2 << 20;

    private final Expected refuses = expected(UnmapRule.REFUSE_PART);
    private final Expected removes = expected(UnmapRule.REMOVE_WHOLE);

    private static Expected expected(UnmapRule rule) {
        FormatUnderTest subject = FormatUnderTest.of(new ToyFormat(Defect.NONE), List.of(ToyFormat.CONFIG))
                .withUnmapRule(rule);
        return new Expected(new Trial(subject, ToyFormat.CONFIG, new ResidentMemoryFactory()));
    }

    @Test
    void mapWithNothingInTheWayMustBeComplete() {
        assertThatThrownBy(() -> refuses.map(0, PAGE, PAGE, 3, 3, 2 * PAGE)).isInstanceOf(AssertionError.class);
        refuses.map(0, PAGE, PAGE, 3, 3, 3 * PAGE);
        assertThat(refuses.iovaToPhys(2 * PAGE + 5)).isEqualTo(3 * PAGE + 5);
        assertThat(refuses.iovaToPhys(3 * PAGE)).isZero();
    }

    @Test
    void mapThatMeetsALeafMayStopEarlierButNotLater() {
        refuses.map(2 * PAGE, PAGE, PAGE, 1, 3, PAGE);
        assertThatThrownBy(() -> refuses.map(0, PAGE, PAGE, 3, 3, 3 * PAGE)).isInstanceOf(AssertionError.class);
        refuses.map(0, PAGE, PAGE, 3, 3, PAGE);
        assertThat(refuses.leaves()).isEqualTo(2);
    }

    @Test
    void unmapMustGoOnUpToTheFirstHole() {
        refuses.map(0, PAGE, PAGE, 3, 3, 3 * PAGE);
        assertThatThrownBy(() -> refuses.unmap(0, PAGE, 3, 2 * PAGE)).isInstanceOf(AssertionError.class);
        removes.map(0, PAGE, PAGE, 3, 3, 3 * PAGE);
        assertThatThrownBy(() -> removes.unmap(0, PAGE, 4, 4 * PAGE)).isInstanceOf(AssertionError.class);
    }

    @Test
    void partOfALeafGoesByTheRuleOnly() {
        refuses.map(0, BLOCK, BLOCK, 1, 3, BLOCK);
        assertThatThrownBy(() -> refuses.unmap(0, PAGE, 1, PAGE)).isInstanceOf(AssertionError.class);
        refuses.unmap(0, PAGE, 1, 0);
        removes.map(0, BLOCK, BLOCK, 1, 3, BLOCK);
        removes.unmap(PAGE, PAGE, 1, 0);
        assertThat(removes.leaves()).isEqualTo(1);
        removes.unmap(0, PAGE, 1, BLOCK);
        assertThat(removes.leaves()).isZero();
    }

    @Test
    void tableOfTheSizeMustGoWholeAndAnEmptyOneMay() {
        refuses.map(PAGE, PAGE, PAGE, 1, 3, PAGE);
        assertThatThrownBy(() -> refuses.unmap(0, BLOCK, 1, 0)).isInstanceOf(AssertionError.class);
        refuses.unmap(0, BLOCK, 1, BLOCK);
        refuses.unmap(0, BLOCK, 1, BLOCK);
        refuses.unmap(0, BLOCK, 1, 0);
        assertThat(refuses.leaves()).isZero();
    }
}
