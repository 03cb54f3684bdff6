package org.sluice.smmuv2.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.layout.Field;
import org.sluice.layout.Register;

/** Offsets and fields as tabulated from Linux's driver, a field as {@code NAME@msb:lsb}. */
class LinuxPositionsTest {
    private static final Pattern FIELD = Pattern.compile("([A-Za-z_0-9]+)@(\\d+)(?::(\\d+))?");

    private final Map<String, Register> registers =
            Registers.ALL.stream().collect(Collectors.toMap(r -> r.layout().name(), Function.identity()));

    @ParameterizedTest
    @CsvSource({
        "0, sCR0, 0, VMID16EN@31 BSU@15:14 FB@13 PTM@12 VMIDPNE@11 USFCFG@10 GCFGFIE@5 GCFGFRE@4 EXIDENABLE@3 GFIE@2 GFRE@1 CLIENTPD@0",
        "0, sACR, 10, CACHE_LOCK@26",
        "0, IDR0, 20, NUMSMRG@7:0",
        "0, IDR7, 3c, MAJOR@7:4",
        "0, sGFSR, 48, MULTI@31",
        "0, sGFSYNR0, 50, WNR@1",
        "0, sGFSYNR1, 54, StreamID@15:0",
        "0, sGFSYNR2, 58, ImpDef@31:0",
        "0, TLBIVMID, 64, VMID@15:0",
        "0, TLBIALLNSNH, 68, Ignored@31:0",
        "0, TLBIALLH, 6c, Ignored@31:0",
        "0, sTLBGSYNC, 70, Ignored@31:0",
        "0, sTLBGSTATUS, 74, GSACTIVE@0",
        "0, SMR, 800, VALID@31 EXMASK@31:16 EXID@15:0",
        "0, S2CR, c00, PRIVCFG@25:24 TYPE@17:16 EXIDVALID@10 CBNDX@7:0",
        "1, CBAR, 0, IRPTNDX@31:24 TYPE@17:16 VMID@7:0",
        "1, CBFRSYNRA, 400, StreamID@15:0",
        "1, CBA2R, 800, VMID16@31:16 VA64@0",
        "2, SCTLR, 0, CFCFG@7 CFIE@6 CFRE@5 AFE@2 TRE@1 M@0 HUPCF@8 ASIDPNE@12",
        "2, ACTLR, 4, CPRE@1 PRR@5",
        "2, RESUME, 8, TnR@0",
        "2, TCR2, 10, PASize@2:0",
        "2, TTBR0, 20, ASID@63:48",
        "2, TTBR1, 28, ASID@63:48",
        "2, TCR, 30, EAE@31",
        "2, CONTEXTIDR, 34, VALUE@31:0",
        "2, MAIR0, 38, ATTR@31:0",
        "2, MAIR1, 3c, ATTR@31:0",
        "2, PAR, 50, F@0",
        "2, FSR, 58, MULTI@31 SS@30 UUT@8 ASF@7 TLBLKF@6 TLBMCF@5 EF@4 PF@3 AFF@2 TF@1",
        "2, FAR, 60, FADDR@63:0",
        "2, FSYNR0, 68, PLVL@1:0 WNR@4 PNU@5 IND@6 PTWF@10",
        "2, TLBIVA, 600, ASID@63:48",
        "2, TLBIASID, 610, ASID@15:0",
        "2, TLBIVAL, 620, ASID@63:48",
        "2, TLBIIPAS2, 630, IPA@35:0",
        "2, TLBIIPAS2L, 638, IPA@35:0",
        "2, TLBSYNC, 7f0, Ignored@31:0",
        "2, TLBSTATUS, 7f4, SACTIVE@0",
        "2, ATS1PR, 800, ADDR@63:12",
        "2, ATSR, 8f0, ACTIVE@0"
    })
    void registersAndFieldsStandWhereLinuxFindsThem(int space, String name, String offset, String fields) {
        Register register = registers.get(name);
        assertThat(register.page()).isEqualTo(space);
        assertThat(register.offset()).isEqualTo(Integer.parseInt(offset, 16));
        assertThat(fields.split(" ")).allSatisfy(field -> {
            Matcher matcher = FIELD.matcher(field);
            assertThat(matcher.matches()).isTrue();
            int msb = Integer.parseInt(matcher.group(2));
            int lsb = matcher.group(3) == null ? msb : Integer.parseInt(matcher.group(3));
            assertThat(register.layout().fields())
                    .as(name + "." + field)
                    .extracting(Field::name, Field::msb, Field::lsb)
                    .contains(tuple(matcher.group(1), msb, lsb));
        });
    }

    @Test
    void noRegisterOverlapsAnother() {
        for (int space = 0; space <= 2; space++) {
            int[] last = {0};
            int now = space;
            Registers.ALL.stream().filter(r -> r.page() == now).forEach(r -> {
                assertThat(r.offset()).as(r.layout().name()).isGreaterThanOrEqualTo(last[0]);
                assertThat(r.offset() % (r.width() / Byte.SIZE)).isZero();
                last[0] = r.offset() + r.width() / Byte.SIZE;
            });
        }
    }
}
