package org.sluice.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.smmuv3.driver.QueueDoor;

/** How many commands an unmap takes, its CMD_SYNC not counted. */
class CommandCountTest {
    @ParameterizedTest
    @CsvSource({
        "1, true, 1",
        "32, true, 1",
        "512, true, 1",
        "262144, true, 1",
        "1, false, 1",
        "32, false, 32",
        "512, false, 1",
        "262144, false, 1",
        "511, true, 2",
        "511, false, 511"
    })
    void commandsOfAnUnmap(long pages, boolean ranges, long commands) {
        QueueDoor door = new QueueDoor(0, ranges);
        door.invalidate(0, pages);
        assertThat(door.commands()).isEqualTo(commands);
    }
}
