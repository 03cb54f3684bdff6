package org.sluice.tck.driver;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;

/**
 * The contract of a driver of an SMMUv3 or an SMMUv2 as a JUnit 5 suite: extend it and say what is tested on which board. Each case has a board
 * of its own. A driver that passes on several boards cannot tell which one it runs on.
 *
 * <p>Random sequences print their seed when they fail; the system property {@code sluice.tck.seed} repeats one.
 */
@Timeout(300)
public abstract class DriverTck
        implements TranslationCases,
                FaultCases,
                InvalidationCases,
                StreamCases,
                CommandQueueCases,
                AbilityCases,
                NestedCases,
                HardwareWalkCases {
    /** StreamID of the first endpoint of a case. */
    static final int FIRST_STREAM = 0x10;

    private final List<Rig> rigs = new ArrayList<>();

    /** For the test class of a driver. */
    protected DriverTck() {}

    /**
     * What is tested, and where.
     *
     * @return driver, formats and boards
     */
    protected abstract DriverUnderTest underTest();

    @Override
    public final Rig rig() {
        return rig(Identity.WHOLE, 2);
    }

    @Override
    public final Rig rig(Identity identity, int streams) {
        List<Integer> streamIds =
                IntStream.range(FIRST_STREAM, FIRST_STREAM + streams).boxed().toList();
        Rig rig = new Rig(underTest(), identity, streamIds);
        rigs.add(rig);
        if (identity != Identity.WHOLE && !rig.isSmmuv3()) {
            Unsupported.on(rig, "a narrowed identity");
        }
        return rig;
    }

    /** Powers the case's boards off. */
    @AfterEach
    protected final void powerOff() {
        rigs.forEach(Rig::close);
    }
}
