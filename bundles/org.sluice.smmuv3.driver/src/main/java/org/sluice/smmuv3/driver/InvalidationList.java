package org.sluice.smmuv3.driver;

import java.util.ArrayList;
import java.util.List;

/**
 * What must be invalidated when a context's tables change, each with the number of attachments that need it; follows Linux's
 * {@code arm_smmu_invs}. Immutable, so that many threads read the one that is current without a lock. An entry without users
 * may stay for a while, between others; nothing is sent for it.
 */
final class InvalidationList {
    /** Nothing. */
    static final InvalidationList EMPTY = new InvalidationList(List.of(), List.of());

    private final Invalidation[] entries;
    private final int[] users;
    private final boolean deviceCaches;
    private final boolean guests;

    private InvalidationList(List<Invalidation> entries, List<Integer> users) {
        this.entries = entries.toArray(Invalidation[]::new);
        this.users = users.stream().mapToInt(Integer::intValue).toArray();
        boolean devices = false;
        boolean clears = false;
        for (int i = 0; i < this.entries.length; i++) {
            devices |= this.users[i] > 0 && this.entries[i].isDeviceCache();
            clears |= this.users[i] > 0 && this.entries[i].kind() == Invalidation.Kind.S2_VMID_S1_CLEAR;
        }
        this.deviceCaches = devices;
        this.guests = clears;
    }

    /** What one attachment needs, each once. */
    static InvalidationList of(List<Invalidation> needed) {
        List<Invalidation> sorted = needed.stream().sorted().distinct().toList();
        return new InvalidationList(sorted, sorted.stream().map(entry -> 1).toList());
    }

    /** Both together; entries without users are gone. */
    InvalidationList plus(InvalidationList more) {
        List<Invalidation> merged = new ArrayList<>();
        List<Integer> counts = new ArrayList<>();
        int mine = 0;
        int other = 0;
        while (mine < entries.length || other < more.entries.length) {
            int order = mine == entries.length
                    ? 1
                    : other == more.entries.length ? -1 : entries[mine].compareTo(more.entries[other]);
            int count = (order <= 0 ? users[mine] : 0) + (order >= 0 ? more.users[other] : 0);
            if (count > 0) {
                merged.add(order <= 0 ? entries[mine] : more.entries[other]);
                counts.add(count);
            }
            mine += order <= 0 ? 1 : 0;
            other += order >= 0 ? 1 : 0;
        }
        return new InvalidationList(merged, counts);
    }

    /**
     * Without what an attachment needed. Entries that are left without users stay where others follow, so that no entry
     * changes its place.
     */
    InvalidationList minus(InvalidationList less) {
        List<Invalidation> rest = new ArrayList<>();
        List<Integer> counts = new ArrayList<>();
        for (int i = 0; i < entries.length; i++) {
            rest.add(entries[i]);
            counts.add(Math.max(0, users[i] - less.usersOf(entries[i])));
        }
        while (!rest.isEmpty() && counts.get(counts.size() - 1) == 0) {
            rest.remove(rest.size() - 1);
            counts.remove(counts.size() - 1);
        }
        return new InvalidationList(rest, counts);
    }

    /** Without entries that have no users. */
    InvalidationList purged() {
        return EMPTY.plus(this);
    }

    /** Number of entries without users. */
    int trash() {
        int count = 0;
        for (int user : users) {
            count += user == 0 ? 1 : 0;
        }
        return count;
    }

    /** Number of entries. */
    int size() {
        return entries.length;
    }

    /** An entry. */
    Invalidation entry(int index) {
        return entries[index];
    }

    /** How many attachments need it. */
    int users(int index) {
        return users[index];
    }

    /** Whether a device's cache is among those that are needed. */
    boolean hasDeviceCaches() {
        return deviceCaches;
    }

    /** Whether guests' stage-1 entries are among those that are needed. */
    boolean hasGuests() {
        return guests;
    }

    private int usersOf(Invalidation entry) {
        for (int i = 0; i < entries.length; i++) {
            if (entries[i].equals(entry)) {
                return users[i];
            }
        }
        return 0;
    }
}
