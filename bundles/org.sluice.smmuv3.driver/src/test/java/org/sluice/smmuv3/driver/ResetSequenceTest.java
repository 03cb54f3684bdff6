package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr0Ack;
import org.sluice.smmuv3.arch.Cr1;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.EventqIrqCfg0;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.arch.Gbpa;
import org.sluice.smmuv3.arch.GerrorIrqCfg0;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.smmuv3.arch.IrqCtrl;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.smmuv3.arch.StrtabBase;
import org.sluice.smmuv3.arch.StrtabBaseCfg;

class ResetSequenceTest {
    @Test
    void registersAreWrittenInLinuxsOrder() {
        UnitFixture fixture = new UnitFixture(10);
        fixture.probe();
        List<Long> order = fixture.registers.writes().stream()
                .map(RegisterFake.Write::address)
                .collect(Collectors.toList());
        assertThat(order)
                .containsExactly(
                        (long) Gbpa.ADDRESS,
                        (long) IrqCtrl.ADDRESS,
                        (long) Cr0.ADDRESS,
                        (long) Cr1.ADDRESS,
                        (long) Cr2.ADDRESS,
                        (long) StrtabBase.ADDRESS,
                        (long) StrtabBaseCfg.ADDRESS,
                        (long) CmdqBase.ADDRESS,
                        (long) CmdqProd.ADDRESS,
                        (long) CmdqCons.ADDRESS,
                        (long) Cr0.ADDRESS,
                        (long) CmdqProd.ADDRESS,
                        (long) CmdqProd.ADDRESS,
                        (long) CmdqProd.ADDRESS,
                        (long) CmdqProd.ADDRESS,
                        (long) EventqBase.ADDRESS,
                        (long) EventqProd.ADDRESS,
                        (long) EventqCons.ADDRESS,
                        (long) Cr0.ADDRESS,
                        (long) GerrorIrqCfg0.ADDRESS,
                        (long) EventqIrqCfg0.ADDRESS,
                        (long) IrqCtrl.ADDRESS,
                        (long) Cr0.ADDRESS);
        fixture.unit.shutdown();
    }

    @Test
    void registersHoldWhatLinuxWroteInTheCaptures() {
        UnitFixture fixture = UnitFixture.probed(0);
        assertThat(fixture.registers.get(Cr0.ADDRESS)).isEqualTo(0xd);
        assertThat(fixture.registers.get(Cr1.ADDRESS)).isEqualTo(0xd75);
        assertThat(fixture.registers.get(Cr2.ADDRESS)).isEqualTo(0x6);
        assertThat(fixture.registers.get(IrqCtrl.ADDRESS)).isEqualTo(0x5);
        assertThat(fixture.registers.get(StrtabBaseCfg.ADDRESS)).isEqualTo(0x10210);
        assertThat(fixture.registers.get(StrtabBase.ADDRESS) & StrtabBase.RA_MASK)
                .isEqualTo(StrtabBase.RA_MASK);
        fixture.unit.shutdown();
    }

    @Test
    void everythingIsInvalidatedBeforeTranslationStarts() {
        UnitFixture fixture = new UnitFixture(0);
        fixture.driver.probe(fixture.hardware(), fixture.host).handOver();
        assertThat(fixture.registers.commands())
                .containsExactly(
                        new RegisterFake.Taken(4, 0x1f),
                        new RegisterFake.Taken(Command.sync(), 0),
                        new RegisterFake.Taken(0x30, 0),
                        new RegisterFake.Taken(Command.sync(), 0));
    }

    @Test
    void el2IsInvalidatedOnlyWhereItExists() {
        UnitFixture fixture = new UnitFixture(0);
        fixture.registers.set(Idr0.ADDRESS, Idr0.withHyp(fixture.registers.get(Idr0.ADDRESS), 1));
        fixture.driver.probe(fixture.hardware(), fixture.host).handOver();
        assertThat(fixture.registers.commands()).contains(new RegisterFake.Taken(0x20, 0));
    }

    @Test
    void hardwareThatWasLeftEnabledAbortsBeforeItIsDisabled() {
        UnitFixture fixture = new UnitFixture(0);
        long running = RegisterValues.cr0Running(Features.identify(fixture.registers, Map.of()));
        fixture.registers.set(Cr0.ADDRESS, running);
        fixture.registers.set(Cr0Ack.ADDRESS, running);
        fixture.probe();
        RegisterFake.Write first = fixture.registers.writes().get(0);
        assertThat(first.address()).isEqualTo(Gbpa.ADDRESS);
        assertThat(Gbpa.abort(first.value())).isEqualTo(1);
        assertThat(Gbpa.update(first.value())).isEqualTo(1);
        fixture.unit.shutdown();
    }

    @Test
    void acknowledgementThatNeverComesTimesOutAndNothingStaysAllocated() {
        UnitFixture fixture = new UnitFixture(0);
        fixture.registers.set(Cr0Ack.ADDRESS, 1);
        fixture.registers.silence();
        assertThatExceptionOfType(IommuException.class)
                .isThrownBy(fixture::probe)
                .satisfies(failure -> assertThat(failure.errno()).isEqualTo(Errno.ETIMEDOUT));
        assertThat(fixture.host.allocator().allocatedBytes()).isZero();
    }

    @Test
    void probeThatRunsOutOfMemoryLeavesHardwareDisabledAndNothingAllocated() {
        for (int allowed = 0; allowed < 3; allowed++) {
            UnitFixture fixture = new UnitFixture(0);
            fixture.host.allocator().allow(allowed);
            assertThatExceptionOfType(IommuException.class)
                    .isThrownBy(fixture::probe)
                    .satisfies(failure -> assertThat(failure.errno()).isEqualTo(Errno.ENOMEM));
            assertThat(fixture.host.allocator().allocatedBytes()).isZero();
            assertThat(fixture.registers.get(Cr0.ADDRESS)).isZero();
        }
    }

    @Test
    void fewStreamsGetALinearTableInWhichAllAbort() {
        UnitFixture fixture = new UnitFixture(0);
        long idr1 = fixture.registers.get(Idr1.ADDRESS);
        fixture.registers.set(Idr1.ADDRESS, Idr1.withSidsize(idr1, 8));
        fixture.probe();
        assertThat(fixture.registers.get(StrtabBaseCfg.ADDRESS)).isEqualTo(8);
        for (int streamId = 0; streamId < 256; streamId++) {
            long[] entry = fixture.streamEntry(streamId);
            assertThat(StreamTableEntry.v(entry[0])).isEqualTo(1);
            assertThat(StreamTableEntry.config(entry[0])).isEqualTo(StreamTableEntry.CONFIG_ABORT);
        }
        fixture.unit.shutdown();
    }
}
