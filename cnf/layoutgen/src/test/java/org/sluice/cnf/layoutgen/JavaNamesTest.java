package org.sluice.cnf.layoutgen;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JavaNamesTest {
    @ParameterizedTest
    @CsvSource({
        "ASID, asid",
        "S2T0SZ, s2t0sz",
        "V, v",
        "Config, config",
        "PRGIndex, prgIndex",
        "MSIAddress, msiAddress",
        "StreamID, streamID",
        "SSec, sSec",
        "S1ContextPtr, s1ContextPtr",
        "PnU, pnU",
        "TTRnW, ttRnW",
        "uX, uX",
        "nG, nG",
        "minor, minor",
        "MSI_NS, msiNs",
        "S_S2TTB, sS2ttb",
        "HAD0_DisCH0, had0DisCH0",
        "SKL0_HWU061_062, skl0Hwu061062",
        "OutputAddress_51_48, outputAddress5148",
        "CLASS, clazz"
    })
    void accessorIsCamelCaseOfTheManualsName(String manual, String java) {
        assertThat(JavaNames.accessor(manual)).isEqualTo(java);
    }
}
