package org.sluice.pgtable.radix;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Loops over entries do what a loop of one word a round does, at every length and place. */
class EntryRunTest {
    private static final int FROM = 3;

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 4, 7, 8, 9, 12, 15, 16, 17, 23, 24, 31, 40, 63, 64, 100})
    void everyWordOfARunIsSeenAndWrittenAndNoOther(int entries) {
        long[] words = new long[entries + 2 * FROM];
        Arrays.fill(words, 0xff00);
        EntryRun.fill(words, FROM, FROM + entries, 0x5001, 0x1000);
        for (int i = 0; i < words.length; i++) {
            boolean inside = i >= FROM && i < FROM + entries;
            assertThat(words[i]).as("word %d", i).isEqualTo(inside ? 0x5001 + (i - FROM) * 0x1000L : 0xff00);
        }
        for (int at = 0; at < entries; at++) {
            long[] one = new long[words.length];
            one[FROM + at] = 1;
            assertThat(EntryRun.or(one, FROM, FROM + entries)).as("word %d", at).isEqualTo(1);
            Arrays.fill(one, 3);
            one[FROM + at] = 2;
            assertThat(EntryRun.matching(one, FROM, FROM + entries, 1, 1)).isEqualTo(at);
            assertThat(EntryRun.matching(one, FROM, FROM + entries, 7, 3)).isEqualTo(at);
            one[FROM + at] = 0;
            assertThat(EntryRun.present(one, FROM, FROM + entries, 1)).isEqualTo(at);
        }
        long[] around = new long[words.length];
        Arrays.fill(around, 0, FROM, 1);
        Arrays.fill(around, FROM + entries, around.length, 1);
        assertThat(EntryRun.or(around, FROM, FROM + entries)).isZero();
        EntryRun.clear(words, FROM, FROM + entries);
        assertThat(EntryRun.or(words, FROM, FROM + entries)).isZero();
        assertThat(words[FROM - 1]).isEqualTo(0xff00);
        assertThat(words[FROM + entries]).isEqualTo(0xff00);
    }
}
