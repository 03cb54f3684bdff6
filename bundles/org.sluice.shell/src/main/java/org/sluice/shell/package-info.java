/** The {@code sluice} command line and the Gogo commands: thin over the services of the platform. */
package org.sluice.shell;
