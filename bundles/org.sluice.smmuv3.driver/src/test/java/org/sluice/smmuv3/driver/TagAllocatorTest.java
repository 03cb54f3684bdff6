package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.HashSet;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

class TagAllocatorTest {
    private final TagAllocator tags = new TagAllocator("ASID", 8);

    @Test
    void everyTagButZeroIsHandedOutOnceThenThereIsNoSpace() {
        Set<Integer> seen = new HashSet<>();
        for (int i = 0; i < 255; i++) {
            seen.add(tags.allocate());
        }
        assertThat(seen).hasSize(255).doesNotContain(0).allMatch(tag -> tag > 0 && tag < 256);
        refused(tags::allocate, Errno.ENOSPC, "all 255 ASIDs");
        tags.free(17);
        assertThat(tags.allocate()).isEqualTo(17);
    }

    @Test
    void freedTagComesBackLast() {
        int first = tags.allocate();
        tags.free(first);
        for (int i = 0; i < 254; i++) {
            assertThat(tags.allocate()).isNotEqualTo(first);
        }
        assertThat(tags.allocate()).isEqualTo(first);
    }

    @Test
    void reservedTagIsNotHandedOutAndMistakesAreNamed() {
        tags.reserve(1);
        assertThat(tags.allocate()).isEqualTo(2);
        refused(() -> tags.reserve(2), Errno.EINVAL, "ASID 2 is another");
        refused(() -> tags.reserve(0), Errno.EINVAL, "1 to 255");
        refused(() -> tags.reserve(256), Errno.EINVAL, "1 to 255");
        refused(() -> tags.free(3), Errno.EINVAL, "ASID 3");
    }

    private static void refused(ThrowingCallable call, Errno errno, String words) {
        assertThatExceptionOfType(IommuException.class)
                .isThrownBy(call)
                .withMessageContaining(words)
                .satisfies(refusal -> assertThat(refusal.errno()).isEqualTo(errno));
    }
}
