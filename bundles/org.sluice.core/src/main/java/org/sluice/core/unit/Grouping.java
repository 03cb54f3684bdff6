package org.sluice.core.unit;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.sluice.spi.board.BusPosition;
import org.sluice.spi.board.Endpoint;

/**
 * Which endpoints cannot be isolated from each other: the board says so, they share a StreamID, or they are below the same
 * bridge that lets their traffic pass to each other. Each of these joins two groups into one.
 */
final class Grouping {
    private final List<Endpoint> endpoints;
    private final int[] parent;

    private Grouping(List<Endpoint> endpoints) {
        this.endpoints = endpoints;
        this.parent = new int[endpoints.size()];
        for (int i = 0; i < parent.length; i++) {
            parent[i] = i;
        }
        Map<Object, Integer> first = new HashMap<>();
        for (int i = 0; i < parent.length; i++) {
            for (Object reason : reasons(endpoints.get(i))) {
                Integer other = first.putIfAbsent(reason, i);
                if (other != null) {
                    join(other, i);
                }
            }
        }
    }

    /**
     * Sorts endpoints into groups.
     *
     * @return groups in the order of their first endpoint
     */
    static List<List<Endpoint>> of(List<Endpoint> endpoints) {
        return new Grouping(endpoints).groups();
    }

    private record Declared(int group) {}

    private record Stream(int id) {}

    private record Below(String bridge) {}

    /** What endpoints of one group have in common, directly. */
    private static Set<Object> reasons(Endpoint endpoint) {
        Set<Object> reasons = new HashSet<>();
        if (endpoint.isolationGroup() >= 0) {
            reasons.add(new Declared(endpoint.isolationGroup()));
        }
        endpoint.streamIds().forEach(stream -> reasons.add(new Stream(stream)));
        for (BusPosition.Bridge bridge : endpoint.position().bridges()) {
            if (!bridge.isolates()) {
                reasons.add(new Below(bridge.name()));
            }
        }
        return reasons;
    }

    private void join(int one, int other) {
        int low = Math.min(root(one), root(other));
        int high = Math.max(root(one), root(other));
        parent[high] = low;
    }

    private int root(int index) {
        int at = index;
        while (parent[at] != at) {
            at = parent[at];
        }
        return at;
    }

    private List<List<Endpoint>> groups() {
        Map<Integer, List<Endpoint>> byRoot = new HashMap<>();
        List<List<Endpoint>> groups = new ArrayList<>();
        for (int i = 0; i < parent.length; i++) {
            List<Endpoint> members = byRoot.computeIfAbsent(root(i), root -> {
                List<Endpoint> fresh = new ArrayList<>();
                groups.add(fresh);
                return fresh;
            });
            members.add(endpoints.get(i));
        }
        return groups;
    }
}
