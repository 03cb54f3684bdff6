package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultReason;
import org.sluice.smmuv3.arch.EvtFPermission;
import org.sluice.spi.driver.FaultRecord;

class EventRecordTest {
    @ParameterizedTest
    @ValueSource(strings = {"nvme-virtioblk-strict", "passthrough-vfio"})
    void capturedRecordsMeanWhatAnIndependentReaderFound(String capture) {
        List<LinuxCapture.Row> rows = LinuxCapture.read(capture, "expected-evtq.csv");
        assertThat(rows).hasSizeGreaterThan(30);
        for (LinuxCapture.Row row : rows) {
            long[] words = row.words(4);
            FaultRecord fault = new EventRecord(words).toFault();
            assertThat(fault.name()).isEqualTo(row.text("name"));
            assertThat(fault.streamId()).isEqualTo((int) row.number("sid"));
            assertThat(fault.pasid()).isEqualTo(FaultEvent.NO_PASID);
            assertThat(fault.iova()).isEqualTo(row.number("input_addr"));
            assertThat(fault.write()).isEqualTo(row.number("RnW") == 0);
            assertThat(fault.execute()).isEqualTo(row.number("InD") == 1);
            assertThat(fault.privileged()).isEqualTo(row.number("PnU") == 1);
            assertThat(fault.stalled()).isEqualTo(row.number("stall") == 1);
            assertThat(fault.raw()).containsExactly(words[0], words[1], words[2], words[3]);
        }
    }

    /** Words of the vectors that were written from the manual. */
    @ParameterizedTest
    @CsvSource({
        "0000004200000004, 0, 0, C_BAD_STE, -1, BAD_STREAM, false",
        "0000004200001804, 0, 0, C_BAD_STE, 1, BAD_STREAM, false",
        "0000004200004008, 0, 0, C_BAD_SUBSTREAMID, 4, BAD_PASID, false",
        "0000004200000006, 0, 0, F_STREAM_DISABLED, -1, BAD_STREAM, false",
        "000000420000000a, 0, 0, C_BAD_CD, -1, BAD_STREAM, false",
        "000000420000580a, 0, 0, C_BAD_CD, 5, BAD_PASID, false",
        "0000004200000010, 0000020800000000, ffff000000001000, F_TRANSLATION, -1, TRANSLATION, false",
        "0000004200000010, 0000020880000000, 1000, F_TRANSLATION, -1, TRANSLATION, true",
        "0000004200000011, 0000020800000000, 1000, F_ADDR_SIZE, -1, ADDRESS_SIZE, false",
        "0000004200000012, 0000020800000000, 1000, F_ACCESS, -1, ACCESS_FLAG, false",
        "000000420000000b, 0000020800000000, 1000, F_WALK_EABT, -1, WALK_ABORT, false",
        "0000004200000002, 0, 0, C_BAD_STREAMID, -1, BAD_STREAM, false",
        "0000004200000021, 0, 0, F_CFG_CONFLICT, -1, OTHER, false",
        "00000042000000e3, 0, 0, reserved(0xe3), -1, OTHER, false"
    })
    void recordsOfTheManual(
            String word0, String word1, String word2, String name, int pasid, FaultReason reason, boolean stalled) {
        FaultRecord fault = new EventRecord(new long[] {hex(word0), hex(word1), hex(word2), 0}).toFault();
        assertThat(fault.name()).isEqualTo(name);
        assertThat(fault.streamId()).isEqualTo(0x42);
        assertThat(fault.pasid()).isEqualTo(pasid);
        assertThat(fault.reason()).isEqualTo(reason);
        assertThat(fault.stalled()).isEqualTo(stalled);
        assertThat(fault.iova()).isEqualTo(hex(word2));
        assertThat(fault.write()).as("a record without RnW is no write").isFalse();
    }

    @Test
    void writeOfAPrivilegedInstructionFetchKeepsItsFlags() {
        long word1 = EvtFPermission.withInD(EvtFPermission.withPnU(0, 1), 1);
        FaultRecord fault = new EventRecord(new long[] {0x13, word1, 0, 0}).toFault();
        assertThat(fault.reason()).isEqualTo(FaultReason.PERMISSION);
        assertThat(fault.write()).isTrue();
        assertThat(fault.privileged()).isTrue();
        assertThat(fault.execute()).isTrue();
    }

    private static long hex(String digits) {
        return Long.parseUnsignedLong(digits, 16);
    }
}
