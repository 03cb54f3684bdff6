package org.sluice.tck.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** The suite can fail: each planted defect is found by the cases that are for it, and by no case of another kind. */
class DriverTckTest {
    @ParameterizedTest
    @CsvSource({
        "skip-tlbi, unmappedPageServesTheOldOrAbortsUntilTheSyncAndThenOnlyAborts, scatteredPagesAreOneTransfer",
        "drop-sync, movedPageIsOldOrNewUntilTheSyncAndThenOnlyNew, scatteredPagesAreOneTransfer",
        "wrong-pa, scatteredPagesAreOneTransfer, unmappedAccessIsReportedWithStreamAddressAndDirection",
        "stale-cd, pasidReachesOnlyItsOwnAndNothingOnceItIsDetached, scatteredPagesAreOneTransfer",
        "swap-ssid, pasidReachesOnlyItsOwnAndNothingOnceItIsDetached, scatteredPagesAreOneTransfer",
    })
    void plantedDefectIsFound(String defect, String by, String notBy) {
        Set<String> failed = run(defect);
        assertThat(failed).contains(by).doesNotContain(notBy);
    }

    private static Set<String> run(String defect) {
        DefectiveBoard.defect = defect;
        SummaryGeneratingListener summary = new SummaryGeneratingListener();
        // listeners that a build put on the class path belong to the build's own run
        LauncherConfig config = LauncherConfig.builder()
                .enableTestExecutionListenerAutoRegistration(false)
                .enableLauncherSessionListenerAutoRegistration(false)
                .build();
        Launcher launcher = LauncherFactory.create(config);
        launcher.execute(
                LauncherDiscoveryRequestBuilder.request()
                        .selectors(DiscoverySelectors.selectClass(DefectiveBoard.class))
                        .build(),
                summary);
        return summary.getSummary().getFailures().stream()
                .map(failure -> failure.getTestIdentifier().getDisplayName().replace("()", ""))
                .collect(Collectors.toSet());
    }
}
