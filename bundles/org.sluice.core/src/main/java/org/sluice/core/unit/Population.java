package org.sluice.core.unit;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.sluice.spi.board.Endpoint;

/** The devices behind one IOMMU and their groups. Filled while the board is bound, constant afterwards. */
final class Population {
    private final Unit unit;
    private final List<Device> devices = new ArrayList<>();
    private final List<Group> groups = new ArrayList<>();
    private final Map<Integer, Device> byStream = new ConcurrentHashMap<>();

    Population(Unit unit) {
        this.unit = unit;
    }

    /**
     * Adds the devices behind the IOMMU, grouped as they can be isolated.
     *
     * @param endpoints of the board, those of other IOMMUs are skipped
     * @param firstGroup number of the first group
     * @return number for the next group
     */
    int add(List<Endpoint> endpoints, int firstGroup) {
        int next = firstGroup;
        List<Endpoint> own = endpoints.stream()
                .filter(endpoint -> endpoint.iommu().equals(unit.name()))
                .toList();
        for (List<Endpoint> together : Grouping.of(own)) {
            Group group = new Group(unit, next++);
            groups.add(group);
            for (Endpoint endpoint : together) {
                Device device = new Device(unit, group, endpoint);
                devices.add(device);
                endpoint.streamIds().forEach(stream -> byStream.putIfAbsent(stream, device));
            }
        }
        return next;
    }

    List<Device> devices() {
        return devices;
    }

    List<Group> groups() {
        return groups;
    }

    /** The device that a stream is of; null for none. */
    Device ofStream(int streamId) {
        return byStream.get(streamId);
    }
}
