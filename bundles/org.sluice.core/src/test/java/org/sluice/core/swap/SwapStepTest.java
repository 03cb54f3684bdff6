package org.sluice.core.swap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sluice.core.offer.Provider;

class SwapStepTest {
    @Test
    void updateFromOutsideGoesRoundByHeld() {
        assertRoute(
                SwapStep.SERVING,
                SwapStep.QUIESCE,
                SwapStep.DRAIN,
                SwapStep.HELD,
                SwapStep.ADOPT,
                SwapStep.VERIFY,
                SwapStep.REBIND,
                SwapStep.RESUME,
                SwapStep.SERVING);
    }

    @Test
    void sideBySideKeepsTheOldUntilTheEnd() {
        assertRoute(
                SwapStep.SERVING,
                SwapStep.ADOPT,
                SwapStep.VERIFY,
                SwapStep.QUIESCE,
                SwapStep.DRAIN,
                SwapStep.VERIFY,
                SwapStep.REBIND,
                SwapStep.RESUME,
                SwapStep.SERVING);
    }

    @ParameterizedTest
    @EnumSource(names = {"ADOPT", "VERIFY", "QUIESCE", "DRAIN"})
    void rollBackIsPossibleUntilRebind(SwapStep step) {
        assertThat(step.next()).contains(SwapStep.ROLLBACK);
    }

    @ParameterizedTest
    @EnumSource
    void everyStepIsReachedAndLeadsOn(SwapStep step) {
        assertThat(step.next()).isNotEmpty();
        assertThat(List.of(SwapStep.values())).anyMatch(other -> other.next().contains(step));
    }

    @Test
    void stepOutsideTheTableIsAMistake() {
        Swap swap = new Swap("format X", new Provider(1, Set.of("X"), 0, "b", "1.0.0"));
        assertThatThrownBy(() -> swap.to(SwapStep.REBIND))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("SERVING to REBIND");
        assertThat(swap.step()).isEqualTo(SwapStep.SERVING);
    }

    private static void assertRoute(SwapStep... steps) {
        for (int i = 1; i < steps.length; i++) {
            assertThat(steps[i - 1].next()).contains(steps[i]);
        }
    }
}
