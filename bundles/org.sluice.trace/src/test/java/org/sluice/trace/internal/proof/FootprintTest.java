package org.sluice.trace.internal.proof;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.sluice.trace.fake.Defect;
import org.sluice.trace.fake.FakePlatform;

class FootprintTest {
    @Test
    void beyondTheBudgetOnlyFramesThatAreResidentAreWritten() {
        Footprint footprint = new Footprint(new FakePlatform(Map.of(), Defect.NONE).memory(), 100L << 16);
        for (long frame = 0; frame < 100; frame++) {
            assertThat(footprint.affords(frame << 16)).isTrue();
        }
        assertThat(footprint.affords(100L << 16)).isFalse();
        assertThat(footprint.affords((99L << 16) + 0xffff)).isTrue();
    }
}
