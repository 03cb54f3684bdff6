package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CmdAtcInv;
import org.sluice.smmuv3.arch.CommandHeader;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.PasidReplacement;
import org.sluice.spi.driver.TranslationContext;

/** A PASID moves from one context to another: what is written and in which order, in linear and in two-level CD tables. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class PasidReplacementTest {
    private static final int STREAM = 0x42;
    private static final int TWO_LEVELS = 12;

    /** DMA sees the old or the new context: at no sync is an entry on the way invalid, or made of both. */
    @ParameterizedTest
    @CsvSource({"10,5", "12,5", "12,3000"})
    void replacingIsHitless(int substreamBits, int pasid) {
        UnitFixture fixture = UnitFixture.probed(TWO_LEVELS);
        DeviceRecord device = fixture.added("dev", substreamBits, STREAM);
        TranslationContext one = fixture.context(0x9000_0000L);
        TranslationContext two = fixture.context(0xa000_0000L);
        fixture.pasids().mmAttach(device, pasid, one, true);
        List<Long> roots = new ArrayList<>();
        fixture.registers.onSync(() -> {
            assertThat(StreamTableEntry.v(fixture.streamEntry(STREAM)[0])).isEqualTo(1);
            long[] descriptor = fixture.descriptor(STREAM, pasid);
            assertThat(ContextDescriptor.v(descriptor[0])).isEqualTo(1);
            roots.add(ContextDescriptor.ttb0(descriptor[1]));
            boolean old = roots.get(roots.size() - 1) == 0x9000_0000L;
            assertThat(ContextDescriptor.asid(descriptor[0]))
                    .isEqualTo((old ? one : two).record().tag());
        });
        replace(fixture, device, pasid, one, two);
        fixture.registers.onSync(() -> {});
        assertThat(roots).containsExactly(0xa000_0000L, 0xa000_0000L);
        fixture.unit.freeContext(one);
        refused(Errno.EBUSY, "attached", () -> fixture.unit.freeContext(two));
        shutDown(fixture);
    }

    /** One word of the stream table entry leads to the other table: a sync a stream, and one for the old translations. */
    @ParameterizedTest
    @ValueSource(ints = {10, TWO_LEVELS})
    void replacingTakesASyncForEachStreamAndOneForTheTag(int substreamBits) {
        UnitFixture fixture = UnitFixture.probed(TWO_LEVELS);
        DeviceRecord device = fixture.added("dev", substreamBits, STREAM, STREAM + 1);
        TranslationContext one = fixture.context(0x9000_0000L);
        TranslationContext two = fixture.context(0xa000_0000L);
        fixture.pasids().mmAttach(device, 5, one, true);
        long[] before = fixture.streamEntry(STREAM);
        fixture.registers.takeCommands();
        replace(fixture, device, 5, one, two);
        assertThat(fixture.registers.commands())
                .containsExactly(
                        forget(STREAM),
                        sync(),
                        new RegisterFake.Taken(DeviceCommand.prefetchConfig(STREAM), 0),
                        forget(STREAM + 1),
                        sync(),
                        new RegisterFake.Taken(DeviceCommand.prefetchConfig(STREAM + 1), 0),
                        new RegisterFake.Taken(Command.tlbiNhAsid(one.record().tag()), 0),
                        sync());
        long[] after = fixture.streamEntry(STREAM);
        long address = StreamTableEntry.S1CONTEXTPTR_MASK;
        assertThat(after[0] & ~address).isEqualTo(before[0] & ~address);
        assertThat(after[0]).isNotEqualTo(before[0]);
        before[0] = after[0];
        assertThat(after).containsExactly(before);
        shutDown(fixture);
    }

    /** The device forgets once the TLBs have: it could ask for the old translation again otherwise. */
    @Test
    void deviceForgetsLast() {
        UnitFixture fixture = UnitFixture.probedComplete(10);
        DeviceRecord device = fixture.added("dev", 10, TestPort.withAts(), STREAM);
        TranslationContext one = fixture.context(0x9000_0000L);
        TranslationContext two = fixture.context(0xa000_0000L);
        fixture.pasids().mmAttach(device, 5, one, true);
        fixture.registers.takeCommands();
        replace(fixture, device, 5, one, two);
        List<RegisterFake.Taken> commands = fixture.registers.takeCommands();
        assertThat(commands)
                .extracting(command -> Opcode.name((int) CommandHeader.opcode(command.word0())))
                .containsExactly("CFGI_STE", "SYNC", "PREFETCH_CONFIG", "TLBI_NH_ASID", "SYNC", "ATC_INV", "SYNC");
        assertThat(CmdAtcInv.substreamID(commands.get(5).word0())).isEqualTo(5);
        two.invalidate(0x8000, 4096, 4096, true);
        two.sync();
        one.invalidate(0x8000, 4096, 4096, true);
        one.sync();
        assertThat(fixture.registers.commands())
                .as("the new context's list has the device, the old one's has not")
                .extracting(command -> Opcode.name((int) CommandHeader.opcode(command.word0())))
                .containsExactly("TLBI_NH_VA", "SYNC", "ATC_INV", "SYNC", "TLBI_NH_VA", "SYNC");
        shutDown(fixture);
    }

    /** Other PASIDs, in the same leaf and in another, and untagged traffic keep what they have; no table is lost. */
    @Test
    void neighboursStayAndNoTableIsLost() {
        UnitFixture fixture = UnitFixture.probed(TWO_LEVELS);
        DeviceRecord device = fixture.added("dev", TWO_LEVELS, STREAM);
        TranslationContext one = fixture.context(0x9000_0000L);
        TranslationContext two = fixture.context(0xa000_0000L);
        fixture.unit.attach(device, Attachment.to(one));
        for (int pasid : List.of(5, 6, 3000, 3001)) {
            fixture.pasids().mmAttach(device, pasid, one, true);
        }
        long[] neighbour = fixture.descriptor(STREAM, 6);
        long bytes = fixture.host.allocator().allocatedBytes();
        replace(fixture, device, 5, one, two);
        replace(fixture, device, 3000, one, two);
        fixture.unit.attach(device, Attachment.to(two));
        replace(fixture, device, 5, two, one);
        replace(fixture, device, 5, one, two);
        for (int pasid : List.of(6, 3001)) {
            assertThat(fixture.descriptor(STREAM, pasid)).containsExactly(neighbour);
        }
        for (int pasid : List.of(0, 5, 3000)) {
            assertThat(ContextDescriptor.ttb0(fixture.descriptor(STREAM, pasid)[1]))
                    .isEqualTo(0xa000_0000L);
        }
        assertThat(fixture.host.allocator().allocatedBytes()).isEqualTo(bytes);
        shutDown(fixture);
    }

    @Test
    void mistakesAndLackOfMemoryChangeNothing() {
        UnitFixture fixture = UnitFixture.probed(TWO_LEVELS);
        DeviceRecord device = fixture.added("dev", TWO_LEVELS, STREAM);
        TranslationContext one = fixture.context(0x9000_0000L);
        TranslationContext two = fixture.context(0xa000_0000L);
        TranslationContext empty = fixture.unit.createContext(new ContextRequest(1, false, false, 0));
        fixture.pasids().mmAttach(device, 5, one, true);
        fixture.registers.takeCommands();
        long[] entry = fixture.streamEntry(STREAM);
        refused(Errno.EINVAL, "page table", () -> replace(fixture, device, 5, one, empty));
        refused(Errno.EINVAL, "PASID 6", () -> replace(fixture, device, 6, one, two));
        refused(Errno.EINVAL, one.toString(), () -> replace(fixture, device, 5, two, one));
        for (int allowed = 0; allowed < 2; allowed++) {
            long bytes = fixture.host.allocator().allocatedBytes();
            fixture.host.allocator().allow(allowed);
            refused(Errno.ENOMEM, "no more", () -> replace(fixture, device, 5, one, two));
            fixture.host.allocator().allow(Integer.MAX_VALUE);
            assertThat(fixture.host.allocator().allocatedBytes()).isEqualTo(bytes);
        }
        assertThat(fixture.registers.commands()).isEmpty();
        assertThat(fixture.streamEntry(STREAM)).containsExactly(entry);
        fixture.unit.freeContext(two);
        shutDown(fixture);
    }

    /** Nobody can say what the SMMU uses: the stream aborts as soon as it looks, and both contexts stay in use. */
    @Test
    void timeoutClosesTheStreamAndKeepsBothContexts() {
        UnitFixture fixture = UnitFixture.probed(10);
        DeviceRecord device = fixture.added("dev", 10, STREAM);
        TranslationContext one = fixture.context(0x9000_0000L);
        TranslationContext two = fixture.context(0xa000_0000L);
        fixture.pasids().mmAttach(device, 5, one, true);
        fixture.registers.stick(true);
        refused(Errno.ETIMEDOUT, "progress", () -> replace(fixture, device, 5, one, two));
        fixture.registers.stick(false);
        assertThat(StreamTableEntry.v(fixture.streamEntry(STREAM)[0])).isZero();
        refused(Errno.EBUSY, "attached", () -> fixture.unit.freeContext(one));
        refused(Errno.EBUSY, "attached", () -> fixture.unit.freeContext(two));
        fixture.pasids().mmAttach(device, 5, two, true);
        assertThat(ContextDescriptor.ttb0(fixture.descriptor(STREAM, 5)[1])).isEqualTo(0xa000_0000L);
        fixture.unit.freeContext(one);
        shutDown(fixture);
    }

    private static void replace(
            UnitFixture fixture, DeviceRecord device, int pasid, TranslationContext from, TranslationContext to) {
        ((PasidReplacement) fixture.unit).mmReplace(device, pasid, from, to);
    }

    private static void shutDown(UnitFixture fixture) {
        fixture.unit.shutdown();
        assertThat(fixture.host.allocator().allocations()).isEmpty();
    }

    private static void refused(Errno errno, String words, ThrowingCallable call) {
        assertThatExceptionOfType(IommuException.class)
                .isThrownBy(call)
                .withMessageContaining(words)
                .satisfies(refusal -> assertThat(refusal.errno()).isEqualTo(errno));
    }

    private static RegisterFake.Taken forget(int streamId) {
        return new RegisterFake.Taken(Command.cfgiSte(streamId), Command.cfgiSteLeaf(true));
    }

    private static RegisterFake.Taken sync() {
        return new RegisterFake.Taken(Command.sync(), 0);
    }
}
