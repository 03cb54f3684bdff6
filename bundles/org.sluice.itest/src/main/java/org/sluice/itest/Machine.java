package org.sluice.itest;

import java.io.IOException;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.Map;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.Iommu;
import org.sluice.api.IommuDevice;
import org.sluice.api.UnitStatus;
import org.sluice.spi.board.Board;
import org.sluice.spi.board.Endpoint;
import org.sluice.spi.memory.PhysicalMemory;

/** A machine for one test: a board of the model with a disk and a GPU behind one SMMUv3, powered off by {@link #close}. */
final class Machine implements AutoCloseable {
    static final String DISK = "0000:00:02.0";
    static final String GPU = "gpu";

    /** Its transactions stall until software has resolved their fault. */
    static final String ACCELERATOR = "accelerator";

    /** Memory of the machine's software and devices. */
    static final long RAM = 0x4000_0000L;

    private final String name;
    private final Configuration configuration;
    private final Iommu iommu;

    private Machine(String name, Configuration configuration, Iommu iommu) {
        this.name = name;
        this.configuration = configuration;
        this.iommu = iommu;
    }

    static Machine powerOn(String name) throws Exception {
        return powerOn(name, Map.of());
    }

    /** The same with further properties of the IOMMU, or others. */
    static Machine powerOn(String name, Map<String, Object> more) throws Exception {
        Configuration configuration = Container.service(ConfigurationAdmin.class)
                .getFactoryConfiguration("org.sluice.board.model", name, "?");
        Dictionary<String, Object> properties = new Hashtable<>();
        properties.put("name", name);
        properties.put("memory", new String[] {"0x40000000+0x40000000", "0x800000000+0x10000000"});
        properties.put("pool", "0x800000000+0x10000000");
        properties.put("iommu.name", name + "-smmu");
        properties.put("iommu.profile", "full");
        properties.put("endpoints", new String[] {
            DISK + ";sid=0x10;pasids=8",
            GPU + ";sid=0x20;pasids=8;compatible=qcom,adreno",
            ACCELERATOR + ";sid=0x30;pasids=8;stall=true"
        });
        more.forEach(properties::put);
        configuration.update(properties);
        Machine machine = new Machine(name, configuration, Container.service(Iommu.class));
        Container.await(
                "IOMMU of board " + name + " runs, status " + machine.iommu.status(),
                () -> machine.status() == UnitStatus.State.RUNNING && machine.board() != null);
        return machine;
    }

    Iommu iommu() {
        return iommu;
    }

    /** State of the machine's IOMMU, or null while the core does not know it. */
    UnitStatus.State status() {
        return iommu.status().stream()
                .filter(unit -> unit.name().equals(name + "-smmu"))
                .map(UnitStatus::state)
                .findFirst()
                .orElse(null);
    }

    IommuDevice device(String deviceName) {
        return iommu.device(deviceName).orElseThrow(() -> new AssertionError("no device " + deviceName));
    }

    Domain domain(String deviceName) {
        Domain domain = iommu.allocDomain(device(deviceName), DomainRequest.of(DomainType.UNMANAGED));
        domain.attach(device(deviceName));
        return domain;
    }

    Endpoint endpoint(String deviceName) {
        return board().endpoints().stream()
                .filter(endpoint -> endpoint.name().equals(deviceName))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no endpoint " + deviceName));
    }

    PhysicalMemory memory() {
        return board().memory();
    }

    Board board() {
        try {
            return Container.CONTEXT.getServiceReferences(Board.class, "(" + Board.NAME + "=" + name + ")").stream()
                    .findFirst()
                    .map((ServiceReference<Board> reference) -> Container.CONTEXT.getService(reference))
                    .orElse(null);
        } catch (InvalidSyntaxException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() throws IOException {
        configuration.delete();
        Container.await("board " + name + " is off", () -> status() == null);
    }
}
