package org.sluice.cnf.layoutgen;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The check that guards the emitter must itself see wrong accessors. */
class AccessorCheckTest {
    private static final String FLAG =
            "structure FLAG\nclass Flag\nbits 64\nsource a test\n0 - RES0\n3:1 Mode field\n63:4 - RES0\n";

    @Test
    void rightAccessorsPass() throws ReflectiveOperationException {
        assertThat(check(Right.class)).isEmpty();
    }

    @Test
    void getterOneBitOffIsSeen() throws ReflectiveOperationException {
        assertThat(check(ReadsOneBitOff.class)).isNotEmpty().allMatch(p -> p.startsWith("Flag.mode reads"));
    }

    @Test
    void witherThatTouchesANeighbourIsSeen() throws ReflectiveOperationException {
        assertThat(check(ClearsTheNeighbour.class)).isNotEmpty().allMatch(p -> p.startsWith("Flag.mode writes"));
    }

    @Test
    void witherThatTruncatesIsSeen() throws ReflectiveOperationException {
        assertThat(check(Truncates.class)).isNotEmpty().allMatch(p -> p.equals("Flag.mode accepts 0x8"));
    }

    @Test
    void refusalThatDoesNotNameTheFieldIsSeen() throws ReflectiveOperationException {
        assertThat(check(RefusesWithoutAName.class))
                .isNotEmpty()
                .allMatch(p -> p.contains("refuses 0x8 in these words: java.lang.IllegalArgumentException: no"));
    }

    @Test
    void recordOfAnotherWordIsSeen() throws ReflectiveOperationException {
        assertThat(check(DecodesTheWordBefore.class)).hasSize(1).allMatch(p -> p.startsWith("Flag.mode decodes"));
    }

    private static List<String> check(Class<?> generated) throws ReflectiveOperationException {
        return new AccessorCheck(Layouts.parse(FLAG), generated, 1).run();
    }

    public record Decoded(long mode) {}

    public static final class Right {
        private Right() {}

        public static Decoded decode(long[] words, int at) {
            return new Decoded(Right.mode(words[at]));
        }

        public static long mode(long word) {
            return word >>> 1 & 7;
        }

        public static long withMode(long word, long value) {
            if (value > 7) {
                throw new IllegalArgumentException("FLAG.Mode is 0x%x".formatted(value));
            }
            return word & ~0xe | value << 1;
        }
    }

    public static final class ReadsOneBitOff {
        private ReadsOneBitOff() {}

        public static Decoded decode(long[] words, int at) {
            return new Decoded(Right.mode(words[at]));
        }

        public static long mode(long word) {
            return word >>> 2 & 7;
        }

        public static long withMode(long word, long value) {
            return Right.withMode(word, value);
        }
    }

    public static final class ClearsTheNeighbour {
        private ClearsTheNeighbour() {}

        public static Decoded decode(long[] words, int at) {
            return new Decoded(Right.mode(words[at]));
        }

        public static long mode(long word) {
            return Right.mode(word);
        }

        public static long withMode(long word, long value) {
            return Right.withMode(word, value) & ~0x10;
        }
    }

    public static final class Truncates {
        private Truncates() {}

        public static Decoded decode(long[] words, int at) {
            return new Decoded(Right.mode(words[at]));
        }

        public static long mode(long word) {
            return Right.mode(word);
        }

        public static long withMode(long word, long value) {
            return Right.withMode(word, value & 7);
        }
    }

    public static final class RefusesWithoutAName {
        private RefusesWithoutAName() {}

        public static Decoded decode(long[] words, int at) {
            return new Decoded(Right.mode(words[at]));
        }

        public static long mode(long word) {
            return Right.mode(word);
        }

        public static long withMode(long word, long value) {
            if (value > 7) {
                throw new IllegalArgumentException("no");
            }
            return Right.withMode(word, value);
        }
    }

    public static final class DecodesTheWordBefore {
        private DecodesTheWordBefore() {}

        public static Decoded decode(long[] words, int at) {
            return new Decoded(Right.mode(words[at - 1]));
        }

        public static long mode(long word) {
            return Right.mode(word);
        }

        public static long withMode(long word, long value) {
            return Right.withMode(word, value);
        }
    }
}
