package org.sluice.vendor.cavium;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv2.testkit.Smmuv2Machine;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;
import org.sluice.spi.quirk.Smmuv2Limits;

@Timeout(60)
class UniqueTagsTest {
    private static final String COMPATIBLE = "cavium,smmu-v2";
    private static final int SID = 3;
    private static final long IOVA = 0x7000;
    private static final long PAGE = Smmuv2Machine.RAM + 0x1_0000;

    private static List<Smmuv2Machine> two(Smmuv2Hooks... hooks) {
        Smmuv2Machine first = Smmuv2Machine.of("smmu0", COMPATIBLE).model("tlb.shared", "node");
        Smmuv2Machine second =
                Smmuv2Machine.of("smmu1", COMPATIBLE).beside(first).model("tlb.shared", "node");
        first.memory().write32(PAGE, 1);
        first.memory().write32(PAGE + 0x1000, 2);
        return List.of(first.hooks(hooks).probe(), second.hooks(hooks).probe());
    }

    /** The same IOVA behind each SMMU, on different pages. What the second one's device reads after the first one's did. */
    private static long secondAfterFirst(List<Smmuv2Machine> machines) {
        for (int i = 0; i < 2; i++) {
            machines.get(i).attached(SID).map(IOVA, PAGE + i * 0x1000, 0x1000);
        }
        assertThat(machines.get(0).word(SID, IOVA)).isEqualTo(1);
        long word = machines.get(1).word(SID, IOVA);
        machines.forEach(Smmuv2Machine::close);
        return word;
    }

    @Test
    void firmwareSaysWhichSmmuIsConcerned() {
        UniqueTags hooks = new UniqueTags();
        assertThat(hooks.match(identity("smmu0", Map.of()))).hasValue("compatible is " + COMPATIBLE);
        assertThat(hooks.match(new HardwareIdentity("smmu0", "arm,smmu-v2", 0, Map.of())))
                .isEmpty();
    }

    @Test
    void withoutThePlugInADeviceReachesThePagesOfANeighbour() {
        assertThat(secondAfterFirst(two())).isEqualTo(1);
    }

    @Test
    void withItEachReachesItsOwn() {
        assertThat(secondAfterFirst(two(new UniqueTags()))).isEqualTo(2);
    }

    /** However many contexts come and go: a tag never wanders into a neighbour's part, and it runs out before it could. */
    @Test
    void noTagIsEverUsedByTwo() {
        for (int stage = 1; stage <= 2; stage++) {
            Set<Integer> seen = new HashSet<>();
            for (Smmuv2Machine machine : two(new UniqueTags())) {
                int count = 0;
                try (machine) {
                    while (true) {
                        int tag = machine.unit()
                                .createContext(new ContextRequest(stage, false, false, 0))
                                .record()
                                .tag();
                        assertThat(seen.add(tag)).as("tag %d", tag).isTrue();
                        count++;
                    }
                } catch (IommuException full) {
                    assertThat(full.errno()).isEqualTo(Errno.ENOSPC);
                }
                assertThat(count).isEqualTo(4095);
            }
        }
    }

    @Test
    void partIsTheSameWhoeverAsksAndWhenever() {
        assertThat(firstTag("smmu3", Map.of())).isEqualTo(firstTag("smmu3", Map.of()));
        assertThat(firstTag("left", Map.of("cavium,instance", "3"))).isEqualTo(firstTag("smmu3", Map.of()));
        assertThat(firstTag("left", Map.of())).isEqualTo(firstTag("smmu0", Map.of()));
        assertThat(firstTag("smmu15", Map.of())).isEqualTo(1 + 15 * 4095);
        assertThatThrownBy(() -> firstTag("smmu16", Map.of()))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("of smmu16 is '16'");
        assertThatThrownBy(() -> firstTag("smmu0", Map.of("cavium,instance", "x")))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("cavium,instance of smmu0 is 'x'");
    }

    private static int firstTag(String name, Map<String, String> properties) {
        Smmuv2Limits whole = new Smmuv2Limits(8, 0, 8, true, true, true, 1, 1);
        return new UniqueTags().probe(identity(name, properties), null, whole).firstAsid();
    }

    private static HardwareIdentity identity(String name, Map<String, String> properties) {
        return new HardwareIdentity(name, COMPATIBLE, 0, properties);
    }
}
