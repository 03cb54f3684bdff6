package org.sluice.smmuv3.arch;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sluice.layout.Access;
import org.sluice.layout.Field;
import org.sluice.layout.Register;

/** Offsets and fields against the register file of QEMU's SMMUv3 under a running Linux. */
class QemuRegistersTest {
    private static final Map<String, Register> REGISTERS =
            Registers.ALL.stream().collect(toMap(r -> r.layout().name(), Function.identity()));

    static Stream<Map<String, String>> registers() {
        return Table.rows("qemu-registers.csv").stream();
    }

    static Stream<Map<String, String>> idFields() {
        return Table.rows("qemu-idr-fields.csv").stream();
    }

    @ParameterizedTest
    @MethodSource("registers")
    void registerIsWhereItWasFound(Map<String, String> row) {
        Register register = REGISTERS.get(row.get("register"));

        assertThat(register.address()).isEqualTo((int) Table.number(row.get("address")));
        assertThat(register.width()).isEqualTo((int) Table.number(row.get("width")));
    }

    @ParameterizedTest
    @MethodSource("idFields")
    void idRegisterHasTheFieldsValue(Map<String, String> row) {
        Field field = REGISTERS
                .get(row.get("register"))
                .layout()
                .field(row.get("field"))
                .orElseThrow();

        assertThat(field.value(value(row.get("register")))).isEqualTo(Table.number(row.get("value")));
    }

    @Test
    void basesAndShapesAreWhatTheRunningKernelSet() {
        assertThat(StrtabBase.decode(value("STRTAB_BASE"))).isEqualTo(new StrtabBase.Decoded(0x436b8000, 1));
        assertThat(StrtabBaseCfg.decode(value("STRTAB_BASE_CFG")))
                .isEqualTo(new StrtabBaseCfg.Decoded(16, 8, StrtabBaseCfg.FMT_TWO_LEVEL));
        assertThat(CmdqBase.decode(value("CMDQ_BASE"))).isEqualTo(new CmdqBase.Decoded(16, 0x47b00000, 1));
        assertThat(EventqBase.decode(value("EVENTQ_BASE"))).isEqualTo(new EventqBase.Decoded(15, 0x47c00000, 1));
        assertThat(Cr1.REGISTER.describe(value("CR1")))
                .isEqualTo("CR1 QUEUE_IC=WBWA QUEUE_OC=WBWA QUEUE_SH=INNER_SHAREABLE"
                        + " TABLE_IC=WBWA TABLE_OC=WBWA TABLE_SH=INNER_SHAREABLE");
        assertThat(Cr0.REGISTER.describe(value("CR0"))).isEqualTo("CR0 SMMUEN=1 EVENTQEN=1 CMDQEN=1");
        assertThat(Cr2.REGISTER.describe(value("CR2"))).isEqualTo("CR2 RECINVSID=1 PTM=1");
    }

    @Test
    void addressesAreNamedOnceAndAligned() {
        assertThat(Registers.ALL)
                .extracting(Register::address)
                .doesNotHaveDuplicates()
                .isSorted();
        assertThat(Registers.ALL).allMatch(r -> r.address() % (r.width() / Byte.SIZE) == 0);
    }

    @Test
    void pageOneHoldsTheEventAndPageRequestPointers() {
        assertThat(Registers.ALL.stream().filter(r -> r.page() == 1))
                .containsExactly(EventqProd.REGISTER, EventqCons.REGISTER, PriqProd.REGISTER, PriqCons.REGISTER);
        assertThat(EventqProd.PAGE).isEqualTo(1);
        assertThat(EventqProd.OFFSET).isEqualTo(0xa8);
        assertThat(EventqProd.ADDRESS).isEqualTo(0x100a8);
    }

    @Test
    void guardedRegistersNameTheirEnable() {
        assertThat(StrtabBase.REGISTER.access()).isEqualTo(Access.GUARDED);
        assertThat(StrtabBase.REGISTER.guard()).isEqualTo("CR0.SMMUEN");
        assertThat(CmdqProd.REGISTER.access()).isEqualTo(Access.RW);
        assertThat(Gerror.REGISTER.access()).isEqualTo(Access.RO);
        assertThat(Gbpa.REGISTER.access()).isEqualTo(Access.UPDATE);
    }

    private static long value(String register) {
        return registers()
                .filter(row -> row.get("register").equals(register))
                .mapToLong(row -> Table.number(row.get("value")))
                .findFirst()
                .orElseThrow();
    }
}
