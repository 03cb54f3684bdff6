package org.sluice.shell;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.sluice.api.AddressSpace;

/** Two answers side by side. */
class WalkCommandTest {
    private static AddressSpace space(long tables, OptionalLong hardware) {
        return (AddressSpace) Proxy.newProxyInstance(
                AddressSpace.class.getClassLoader(),
                new Class<?>[] {AddressSpace.class},
                (proxy, method, arguments) -> method.getName().equals("iovaToPhys") ? (Object) tables : hardware);
    }

    @Test
    void answersThatAgreeStandAlone() {
        assertThat(WalkCommand.lines(space(0x8123_4000L, OptionalLong.of(0x8123_4000L)), 0x1000))
                .containsExactly("tables    0x81234000", "hardware  0x81234000");
        assertThat(WalkCommand.lines(space(0, OptionalLong.of(0)), 0x1000))
                .containsExactly("tables    nothing is mapped", "hardware  nothing is mapped");
    }

    @Test
    void hardwareWithoutAnswerAndAnswersThatDifferAreSaid() {
        assertThat(WalkCommand.lines(space(0x1000, OptionalLong.empty()), 0x1000)
                        .get(1))
                .startsWith("hardware  no answer");
        assertThat(WalkCommand.lines(space(0x1000, OptionalLong.of(0)), 0x1000))
                .hasSize(3)
                .last()
                .asString()
                .startsWith("they differ");
    }
}
