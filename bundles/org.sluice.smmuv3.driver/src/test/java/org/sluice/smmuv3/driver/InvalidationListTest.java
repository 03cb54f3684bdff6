package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.sluice.smmuv3.driver.Invalidation.Kind;

/** Linux's test of its invalidation arrays (linux-iommu.md section 5.4), as data: identifiers, users, trash after each step. */
class InvalidationListTest {
    private static final InvalidationList I1 = list(tlb(Kind.S2_VMID), tlb(Kind.S2_VMID_S1_CLEAR), ats(3, 0));
    private static final InvalidationList I2 = list(tlb(Kind.S2_VMID), ats(4, 0), ats(5, 0));
    private static final InvalidationList I3 = list(tlb(Kind.S2_VMID), ats(5, 0), ats(6, 0));
    private static final InvalidationList I4 = list(ats(10, 1), ats(10, 3), ats(12, 1));
    private static final InvalidationList I5 = list(ats(10, 2), ats(10, 3), ats(12, 2));

    @Test
    void linuxsSequence() {
        InvalidationList list = InvalidationList.EMPTY.plus(I1);
        verify(list, "1 1 3", "1 1 1", 0);
        list = list.plus(I2);
        verify(list, "1 1 3 4 5", "2 1 1 1 1", 0);
        list = list.minus(I2);
        verify(list, "1 1 3", "1 1 1", 0);
        list = list.plus(I3);
        verify(list, "1 1 3 5 6", "2 1 1 1 1", 0);
        list = list.minus(I1);
        verify(list, "1 1 3 5 6", "1 0 0 1 1", 2);
        list = list.purged();
        verify(list, "1 5 6", "1 1 1", 0);
        list = list.minus(I3);
        verify(list, "", "", 0);
        list = list.plus(I4);
        verify(list, "10.1 10.3 12.1", "1 1 1", 0);
        list = list.plus(I5);
        verify(list, "10.1 10.2 10.3 12.1 12.2", "1 1 2 1 1", 0);
        list = list.minus(I5);
        verify(list, "10.1 10.2 10.3 12.1", "1 0 1 1", 1);
        list = list.purged();
        verify(list, "10.1 10.3 12.1", "1 1 1", 0);
    }

    @Test
    void onlyWhatHasUsersIsNeeded() {
        InvalidationList list = I1.plus(I3).minus(I1);
        assertThat(list.hasGuests()).as("the guest's entry is trash").isFalse();
        assertThat(list.hasDeviceCaches()).isTrue();
        assertThat(list.minus(I3).hasDeviceCaches()).isFalse();
        assertThat(I1.hasGuests()).isTrue();
        assertThat(list(tlb(Kind.S1_ASID)).hasDeviceCaches()).isFalse();
    }

    /** Whatever joined and left in whatever order: users are counted per entry, entries are sorted, and nothing stays. */
    @Test
    void anySequenceCountsUsersAndEndsEmpty() {
        Random random = new Random(54);
        List<InvalidationList> inputs = List.of(I1, I2, I3, I4, I5);
        for (int round = 0; round < 300; round++) {
            InvalidationList list = InvalidationList.EMPTY;
            List<InvalidationList> joined = new ArrayList<>();
            for (int step = 0; step < 30; step++) {
                if (joined.isEmpty() || random.nextBoolean()) {
                    InvalidationList more = inputs.get(random.nextInt(inputs.size()));
                    joined.add(more);
                    list = list.plus(more);
                } else {
                    list = list.minus(joined.remove(random.nextInt(joined.size())));
                    list = random.nextBoolean() ? list.purged() : list;
                }
                int users = 0;
                for (int i = 0; i < list.size(); i++) {
                    users += list.users(i);
                    assertThat(i == 0 || list.entry(i - 1).compareTo(list.entry(i)) < 0)
                            .isTrue();
                }
                assertThat(users).isEqualTo(3 * joined.size());
            }
            for (InvalidationList last : joined) {
                list = list.minus(last);
            }
            assertThat(list.size()).isZero();
        }
    }

    private static void verify(InvalidationList list, String ids, String users, int trash) {
        StringBuilder foundIds = new StringBuilder();
        StringBuilder foundUsers = new StringBuilder();
        for (int i = 0; i < list.size(); i++) {
            Invalidation entry = list.entry(i);
            String ssid = entry.substreamId() == 0 ? "" : "." + entry.substreamId();
            foundIds.append(i == 0 ? "" : " ").append(entry.id()).append(ssid);
            foundUsers.append(i == 0 ? "" : " ").append(list.users(i));
        }
        assertThat(foundIds).hasToString(ids);
        assertThat(foundUsers).hasToString(users);
        assertThat(list.trash()).isEqualTo(trash);
    }

    private static InvalidationList list(Invalidation... entries) {
        return InvalidationList.of(List.of(entries));
    }

    private static Invalidation tlb(Kind kind) {
        return new Invalidation(kind, 1, 0);
    }

    private static Invalidation ats(int streamId, int substreamId) {
        return new Invalidation(Kind.ATS, streamId, substreamId);
    }
}
