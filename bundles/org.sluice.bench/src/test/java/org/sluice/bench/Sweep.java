package org.sluice.bench;

import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** How a range is mapped and unmapped: a subclass says with which calls. The other half runs outside of the measurement. */
public abstract class Sweep extends TableState {
    private final boolean timesMap;
    final long bytes;
    final long pgsize;
    final long pgcount;

    Sweep(boolean timesMap, long bytes, long pgsize, long pgcount) {
        this.timesMap = timesMap;
        this.bytes = bytes;
        this.pgsize = pgsize;
        this.pgcount = pgcount;
    }

    @Setup(Level.Invocation)
    public void before() {
        if (!timesMap) {
            mapAll(bytes, pgsize, pgcount);
        }
    }

    @TearDown(Level.Invocation)
    public void after() {
        if (timesMap) {
            expectAll(bytes, unmapAll(bytes, pgsize, pgcount));
        } else {
            host.sync(gather);
        }
    }

    /** The half that is measured; returns the bytes that it unmapped. */
    final long measured() {
        if (timesMap) {
            mapAll(bytes, pgsize, pgcount);
            return 0;
        }
        return unmapAll(bytes, pgsize, pgcount);
    }

    static final long RANGE = 128L << 20;
    static final int PAGES = (int) (RANGE / SIZE_4K);
    static final long BLOCK_RANGE = 8L << 30;
    static final int BLOCKS = (int) (BLOCK_RANGE / SIZE_2M);

    @State(Scope.Thread)
    public static class Map1 extends Sweep {
        public Map1() {
            super(true, RANGE, SIZE_4K, 1);
        }
    }

    @State(Scope.Thread)
    public static class Unmap1 extends Sweep {
        public Unmap1() {
            super(false, RANGE, SIZE_4K, 1);
        }
    }

    @State(Scope.Thread)
    public static class Map16 extends Sweep {
        public Map16() {
            super(true, RANGE, SIZE_4K, 16);
        }
    }

    @State(Scope.Thread)
    public static class Unmap16 extends Sweep {
        public Unmap16() {
            super(false, RANGE, SIZE_4K, 16);
        }
    }

    @State(Scope.Thread)
    public static class Map512 extends Sweep {
        public Map512() {
            super(true, RANGE, SIZE_4K, 512);
        }
    }

    @State(Scope.Thread)
    public static class Unmap512 extends Sweep {
        public Unmap512() {
            super(false, RANGE, SIZE_4K, 512);
        }
    }

    @State(Scope.Thread)
    public static class Map2M extends Sweep {
        public Map2M() {
            super(true, BLOCK_RANGE, SIZE_2M, 1);
        }
    }

    @State(Scope.Thread)
    public static class Unmap2M extends Sweep {
        public Unmap2M() {
            super(false, BLOCK_RANGE, SIZE_2M, 1);
        }
    }
}
