package org.sluice.trace.fake;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.sluice.api.AddressSpace;
import org.sluice.api.Domain;
import org.sluice.api.DomainType;
import org.sluice.api.FaultHandler;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;

/** A domain of the fake platform. */
final class FakeDomain implements Domain {
    private final FakePlatform platform;
    private final DomainType type;
    private final FakeSpace space;
    private final Set<IoMm> ioMms = new LinkedHashSet<>();

    FakeDomain(FakePlatform platform, DomainType type) {
        this.platform = platform;
        this.type = type;
        this.space = new FakeSpace(platform, this, 0);
    }

    @Override
    public DomainType type() {
        return type;
    }

    @Override
    public AddressSpace space() {
        return space;
    }

    FakeSpace fakeSpace() {
        return space;
    }

    @Override
    public void attach(IommuDevice device) {
        platform.attach((FakeDevice) device, this);
    }

    @Override
    public void detach(IommuDevice device) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Set<IommuDevice> devices() {
        return Set.of();
    }

    @Override
    public IoMm allocPasid(IommuDevice device) {
        FakeSpace made = ((FakeDevice) device).allocate(platform, this);
        ioMms.add(made);
        return made;
    }

    @Override
    public void freePasid(IoMm ioMm) {
        ioMms.remove(ioMm);
        platform.free((FakeSpace) ioMm);
    }

    @Override
    public void freePasid(IoMm ioMm, CompletionStage<?> fence) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Set<IoMm> ioMms() {
        return Set.copyOf(ioMms);
    }

    @Override
    public void onFault(FaultHandler handler) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        platform.close(this);
    }
}
