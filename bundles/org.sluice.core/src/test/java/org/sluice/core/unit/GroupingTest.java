package org.sluice.core.unit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.spi.board.BusPosition;
import org.sluice.spi.board.BusPosition.Bridge;
import org.sluice.spi.board.Endpoint;
import org.sluice.spi.bus.DevicePort;

/** Who shares a group with whom. */
class GroupingTest {
    private static final Bridge SWITCH_WITH_ACS = new Bridge("switch", true);
    private static final Bridge SLOT = new Bridge("slot 3", false);
    private static final Bridge CONVENTIONAL = new Bridge("pci bridge", false);

    private int streams = 1;

    private Endpoint endpoint(String name, int group, Bridge... bridges) {
        return endpoint(name, List.of(streams++), group, bridges);
    }

    private static Endpoint endpoint(String name, List<Integer> ids, int group, Bridge... bridges) {
        return new Endpoint(
                name,
                "",
                "smmu0",
                ids,
                0,
                group,
                null,
                DevicePort.NONE,
                new BusPosition(List.of(bridges), false, false));
    }

    private static List<String> groups(Endpoint... endpoints) {
        return Grouping.of(List.of(endpoints)).stream()
                .map(group ->
                        String.join("+", group.stream().map(Endpoint::name).toList()))
                .toList();
    }

    @Test
    void devicesBehindIsolatingBridgesAreAlone() {
        assertThat(groups(endpoint("a", -1, SWITCH_WITH_ACS), endpoint("b", -1, SWITCH_WITH_ACS), endpoint("c", -1)))
                .containsExactly("a", "b", "c");
    }

    @Test
    void everythingBelowABridgeWithoutAcsIsOneGroupHoweverDeep() {
        assertThat(groups(
                        endpoint("a", -1, SWITCH_WITH_ACS, CONVENTIONAL),
                        endpoint("b", -1),
                        endpoint("c", -1, CONVENTIONAL)))
                .containsExactly("a+c", "b");
    }

    @Test
    void functionsOfOneSlotWithoutAcsAreOneGroup() {
        assertThat(groups(endpoint("f0", -1, SLOT, SWITCH_WITH_ACS), endpoint("f1", -1, SLOT, SWITCH_WITH_ACS)))
                .containsExactly("f0+f1");
    }

    @Test
    void aliasesOfOneStreamAreOneGroup() {
        assertThat(groups(
                        endpoint("a", List.of(7), -1), endpoint("b", List.of(8, 9), -1), endpoint("c", List.of(9), -1)))
                .containsExactly("a", "b+c");
    }

    @Test
    void whatTheBoardSaysJoinsWithWhatTheBusSays() {
        assertThat(groups(
                        endpoint("a", 3),
                        endpoint("b", -1, CONVENTIONAL),
                        endpoint("c", 3, CONVENTIONAL),
                        endpoint("d", 4)))
                .containsExactly("a+b+c", "d");
    }
}
