package org.sluice.smmuv3.driver;

import java.util.List;
import java.util.Map;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.smmuv3.arch.StrtabBase;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.bus.DevicePort;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.IommuUnit;
import org.sluice.spi.driver.PasidOperations;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.driver.UnitRecord;
import org.sluice.spi.pgtable.ArmStage1;
import org.sluice.spi.pgtable.ArmStage2;

/** A unit on registers without an SMMU, with SubstreamIDs. */
final class UnitFixture {
    final TestMemory memory = new TestMemory(4 << 20);
    final TestHost host = new TestHost(memory);
    final RegisterFake registers;
    final Smmuv3Driver driver = new Smmuv3Driver(null, false);
    Map<String, String> properties = Map.of();
    IommuUnit unit;

    UnitFixture(int substreamBits) {
        registers = RegisterFake.withSubstreams(memory, substreamBits);
    }

    /** One that can do everything: both stages, a guest's over ours, devices that cache and ask for pages, dirty state. */
    static UnitFixture complete(int substreamBits) {
        UnitFixture fixture = new UnitFixture(substreamBits);
        long idr0 = fixture.registers.get(Idr0.ADDRESS);
        idr0 = Idr0.withS2p(Idr0.withAts(Idr0.withPri(idr0, 1), 1), 1);
        fixture.registers.set(Idr0.ADDRESS, Idr0.withHttu(idr0, Idr0.HTTU_ACCESS_DIRTY));
        fixture.registers.set(Idr1.ADDRESS, Idr1.withPriqs(fixture.registers.get(Idr1.ADDRESS), 3));
        fixture.properties = Map.of("canwbs", "");
        return fixture;
    }

    static UnitFixture probedComplete(int substreamBits) {
        UnitFixture fixture = complete(substreamBits);
        fixture.probe();
        return fixture;
    }

    /** A stage-2 context over a page table at an address that nobody looks at. */
    TranslationContext stage2(long root) {
        TranslationContext context = unit.createContext(new ContextRequest(2, false, false, 0));
        context.install(new ArmStage2(root, 20, 2, 0, 3, 1, 1, 4));
        return context;
    }

    /** A device with switches. */
    DeviceRecord added(String name, int pasidBits, DevicePort port, Integer... streamIds) {
        DeviceRecord device = new DeviceRecord(name, List.of(streamIds), pasidBits, port);
        unit.addDevice(device);
        registers.takeCommands();
        return device;
    }

    static UnitFixture probed(int substreamBits) {
        UnitFixture fixture = new UnitFixture(substreamBits);
        fixture.probe();
        return fixture;
    }

    IommuHardware hardware() {
        return new IommuHardware("smmu0", "arm,smmu-v3", registers, registers, properties);
    }

    void probe() {
        unit = driver.probe(hardware(), host);
        registers.takeCommands();
    }

    void adopt(UnitRecord record) {
        unit = driver.adopt(hardware(), host, record);
    }

    PasidOperations pasids() {
        return (PasidOperations) unit;
    }

    static DeviceRecord device(String name, int pasidBits, Integer... streamIds) {
        return new DeviceRecord(name, List.of(streamIds), pasidBits);
    }

    DeviceRecord added(String name, int pasidBits, Integer... streamIds) {
        DeviceRecord device = device(name, pasidBits, streamIds);
        unit.addDevice(device);
        registers.takeCommands();
        return device;
    }

    /** A context over a page table at an address that nobody looks at. */
    TranslationContext context(long root) {
        TranslationContext context = unit.createContext(new ContextRequest(0, false, false, 0));
        context.install(walker(root));
        return context;
    }

    static ArmStage1 walker(long root) {
        return new ArmStage1(root, 16, 0, 3, 1, 1, 4, false, 0xf404ff44L);
    }

    long[] streamEntry(int streamId) {
        return EntryWriter.read(memory, streams().entry(streamId));
    }

    StreamTable streams() {
        Features features = Features.identify(registers, properties);
        long base = StrtabBase.addr(registers.get(StrtabBase.ADDRESS));
        return StreamTable.at(base, features, memory, host.allocator());
    }

    /** Address of a descriptor, found as the SMMU finds it. */
    long descriptorAddress(int streamId, int substreamId) {
        long first = streamEntry(streamId)[0];
        long base = StreamTableEntry.s1ContextPtr(first);
        int bits = (int) StreamTableEntry.s1cdMax(first);
        return ContextTable.at(base, bits, memory, host.allocator()).entry(substreamId);
    }

    long[] descriptor(int streamId, int substreamId) {
        return EntryWriter.read(memory, descriptorAddress(streamId, substreamId));
    }
}
